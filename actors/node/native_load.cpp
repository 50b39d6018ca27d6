#include "node/native_load.hpp"

#include "caf/system.hpp"
#include "kv/single_call.hpp"
#include "node/node_actor.hpp"
#include "node/probe.hpp"
#include "parts/entropy.hpp"
#include "parts/shell.hpp"
#include "service/client.hpp"

#include <future>
#include <unordered_map>
#include <utility>

namespace pmmc {

namespace {

using stop_load_atom = caf::atom_constant<caf::atom("stop_load")>;

constexpr unsigned finish_ticks = 100;

unsigned ticks_of(std::chrono::milliseconds time) {
  return static_cast<unsigned>(time / tick_length) + 1;
}

/// A session, and the clients that share it. One actor's.
struct load_session {
  load_session(const client::settings& settings, const load::plan& p, std::size_t number,
               std::size_t sessions, std::size_t its_clients, role_id only, load::recorder& r)
      : id(settings.id), core(settings), source(p, number, sessions), clients(its_clients),
        timeout_ticks(ticks_of(p.timeout)), only_replica(std::move(only)), record(r) {}

  void start_operation();
  void take(const client_outcome& outcome);
  void end_if_idle();

  role_id id;
  client core;
  load::operation_source source;
  std::size_t clients;
  unsigned timeout_ticks;
  role_id only_replica; ///< empty: any
  load::recorder& record;
  peer_directory peers;
  std::unordered_map<std::uint64_t, load::started> under_way; ///< by ticket
  bool stopping = false;
  bool flush_due = false;
  std::uint64_t finish_ticket = 0;
  std::promise<void> ended;
};

void load_session::start_operation() {
  const auto op = source.next();
  const load::started begun{op.kind, op.preload, load::clock::now()};
  const auto ticket = op.kind == load::operation_kind::get
                          ? core.submit_query(kv::encode(kv::get(op.key)), timeout_ticks)
                          : core.submit(kv::encode(kv::put(op.key, op.value)), timeout_ticks);
  under_way.emplace(ticket, begun);
}

void load_session::take(const client_outcome& outcome) {
  if (outcome.ticket == finish_ticket)
    return ended.set_value();
  const auto begun = under_way.extract(outcome.ticket).mapped();
  switch (outcome.kind) {
  case outcome_kind::done: {
    const auto answer = kv::read_answer(
        begun.kind == load::operation_kind::get ? kv::verb::get : kv::verb::set, outcome.body);
    if (answer && answer->status == kv::answer_status::ok)
      record.finished(begun, load::ending::done);
    else if (answer && answer->status == kv::answer_status::absent)
      record.finished(begun, load::ending::absent);
    else
      record.finished(begun, load::ending::refused,
                      answer ? std::string{kv::to_string(answer->status)} : "garbled answer");
    break;
  }
  case outcome_kind::refused:
    record.finished(begun, load::ending::refused, outcome.body);
    break;
  case outcome_kind::not_executed:
    record.finished(begun, load::ending::not_executed, outcome.body);
    break;
  case outcome_kind::unknown:
    record.finished(begun, load::ending::unknown, outcome.body);
    break;
  }
  if (!stopping)
    start_operation();
}

void load_session::end_if_idle() {
  if (stopping && under_way.empty() && finish_ticket == 0)
    finish_ticket = core.finish(finish_ticks);
}

void flush(caf::event_based_actor* self, load_session& session) {
  session.flush_due = false;
  session.end_if_idle();
  for (auto out = session.core.take(); !out.send.empty() || !out.finished.empty();
       out = session.core.take()) {
    send_all(caf::actor{self}, session.id, session.peers, std::move(out.send));
    for (const auto& outcome : out.finished)
      session.take(outcome);
    session.end_if_idle();
  }
}

void flush_later(caf::event_based_actor* self, load_session& session) {
  if (!std::exchange(session.flush_due, true))
    self->send(self, flush_atom::value);
}

/// client_replies       → the core; each answer begins the client's next operation
/// better_replica       → the core
/// peer_up, peer_down   → which replicas can be reached
/// stop_load_atom       → no further operations
caf::behavior load_actor(caf::event_based_actor* self, std::shared_ptr<load_session> session) {
  const auto dropped = set_shell_handlers(self, session->id.str());
  self->send(self, tick_atom::value);
  for (std::size_t i = 0; i < session->clients; ++i)
    session->start_operation();
  return {
      mail_handler(dropped, overloaded{[=](const client_replies& m) {
                                         for (const auto& r : m.responses)
                                           session->core.on(m.replica, r);
                                         for (const auto& q : m.query_replies)
                                           session->core.on(m.replica, q);
                                         flush_later(self, *session);
                                       },
                                       [=](const better_replica& m) { session->core.on(m); }}),
      [=](flush_atom) { flush(self, *session); },
      [=](tick_atom) {
        self->delayed_send(self, until_next_tick(), tick_atom::value);
        session->core.on_tick();
        flush_later(self, *session);
      },
      [=](const peer_up& m) {
        session->peers.up(m.role);
        if (serves_clients(m.role.kind) &&
            (session->only_replica.empty() || session->only_replica == m.role.id))
          session->core.on_replica_up(m.role.id, m.address);
        flush_later(self, *session);
      },
      [=](const peer_down& m) {
        session->peers.down(m.id);
        session->core.on_replica_down(m.id, m.why);
        flush_later(self, *session);
      },
      [=](stop_load_atom) {
        session->stopping = true;
        flush_later(self, *session);
      },
  };
}

} // namespace

struct native_load::implementation {
  system_config options{1};
  caf::actor_system system{options};
  std::vector<std::pair<caf::actor, std::shared_ptr<load_session>>> sessions;
  caf::actor node;
};

native_load::native_load(const config::cluster_file& cluster, const load::plan& p,
                         std::size_t sessions, const role_id& replica, load::recorder& r)
    : implementation_(std::make_unique<implementation>()) {
  auto& i = *implementation_;
  auto node_options = std::make_shared<node_settings>();
  node_options->cluster = cluster.name;
  node_options->seed = fresh_seed();
  node_options->known = members_on_disk(cluster);
  node_options->contacts = membership{cluster.first}.addresses();
  for (std::size_t number = 0; number < sessions; ++number) {
    client::settings settings;
    settings.seed = fresh_seed();
    settings.served_by = cluster.first.has_servers() ? role_kind::server : role_kind::replica;
    char name[32];
    std::snprintf(name, sizeof name, "b-%016llx", static_cast<unsigned long long>(settings.seed));
    settings.id = role_id{name};
    const auto clients = p.clients / sessions + (number < p.clients % sessions ? 1 : 0);
    auto session =
        std::make_shared<load_session>(settings, p, number, sessions, clients, replica, r);
    const auto actor = i.system.spawn(load_actor, session);
    node_options->roles.push_back({settings.id, role_kind::client, {}, actor});
    i.sessions.emplace_back(actor, std::move(session));
  }
  i.node = i.system.spawn(node_actor, node_options);
}

native_load::~native_load() {
  auto& i = *implementation_;
  caf::anon_send_exit(i.node, caf::exit_reason::user_shutdown);
  for (const auto& [actor, session] : i.sessions)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  // Left to the end of the process, for the reason that blocking_client.cpp gives.
  static_cast<void>(implementation_.release());
}

void native_load::stop() {
  for (const auto& [actor, session] : implementation_->sessions)
    caf::anon_send(actor, stop_load_atom::value);
  for (const auto& [actor, session] : implementation_->sessions)
    session->ended.get_future().wait();
}

} // namespace pmmc
