#include "redis/redis_port.hpp"

#include "change/change_error.hpp"
#include "config/address.hpp"
#include "kv/reply.hpp"
#include "node/cluster_health.hpp"
#include "node/cluster_json.hpp"
#include "node/host_name.hpp"
#include "node/start_error.hpp"
#include "parts/clocks.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/report_desk.hpp"
#include "redis/redis_broker.hpp"
#include "redis/redis_change.hpp"

#include <chrono>
#include <utility>

namespace pmmc {

namespace {

constexpr std::chrono::seconds ask_timeout{2};

/// As kv::reply_writer writes it.
std::string reply_to(redis::question_kind kind, const probed_cluster& cluster) {
  kv::reply_writer reply;
  const auto roles = cluster.roles();
  if (kind == redis::question_kind::status)
    reply.bulk(status_json(cluster));
  else if (furthest_replica(roles) == nullptr)
    reply.error("CLUSTERDOWN " + no_replica_because(roles));
  else
    reply.bulk(kind == redis::question_kind::config ? config_json(cluster)
                                                    : fingerprint_json(cluster));
  return reply.take();
}

} // namespace

redis_port::redis_port(caf::event_based_actor* self, settings options)
    : self_(self), options_(std::move(options)),
      core_(redis::port::usual(options_.replica.id, options_.replica.kind, options_.version,
                               options_.port, options_.seed, options_.timeout_ticks)) {
  core_.at(read_clocks());
}

caf::behavior redis_port::make_behavior(const drop_log& dropped) {
  peers_.up(options_.replica);
  self_->send(options_.replica.handle,
              peer_up{hosted_role{core_.id(), role_kind::client, {}, caf::actor{self_}}});
  core_.learn(options_.known);
  self_->send(options_.node, watch_members{});
  self_->send(self_, tick_atom::value);
  return {
      [this](redis_events& m) {
        core_.at(read_clocks());
        core_.on(std::move(m.events));
        flush_later();
      },
      mail_handler(dropped,
                   overloaded{[this](client_replies& m) { take(m); },
                              [](const better_replica&) {}}), // this process's is the only one
      [this](const members_news& m) {
        core_.learn(m.known);
        flush_later();
      },
      [this](const clock_news& m) {
        core_.at(read_clocks());
        core_.agreed(m.agreed_ms, m.steady_ms);
        flush_later();
      },
      [this](desk_answer& m) { answer(m.ticket, m.reply); },
      [this](propose_change& m) { return propose(m); },
      [this](const change_ended& m) { answer(m.ticket, m.reply); },
      [this](flush_atom) { flush(); },
      [this](tick_atom) { tick(); },
      [this](const caf::actor& broker) { broker_ = broker; },
  };
}

void redis_port::take(client_replies& m) {
  core_.at(read_clocks());
  for (auto& r : m.responses)
    core_.on(m.replica, std::move(r));
  for (auto& q : m.query_replies)
    core_.on(m.replica, std::move(q));
  flush_later();
}

void redis_port::tick() {
  self_->delayed_send(self_, until_next_tick(), tick_atom::value);
  core_.at(read_clocks());
  core_.on_tick();
  flush_later();
}

void redis_port::flush_later() {
  if (!std::exchange(flush_due_, true))
    self_->send(self_, flush_atom::value);
}

void redis_port::flush() {
  flush_due_ = false;
  auto out = core_.take();
  send_all(caf::actor{self_}, core_.id(), peers_, std::move(out.send));
  if (!out.replies.empty())
    self_->send(broker_, redis_replies{std::move(out.replies)});
  if (out.log_time)
    self_->send(options_.node, log_time_seen{*out.log_time});
  if (out.room_wanted)
    self_->send(broker_, redis_room_wanted{});
  for (const auto& c : out.counts)
    count_acceptors(c);
  for (auto& outcome : out.proposed)
    if (auto proposal = proposals_.extract(outcome.ticket); !proposal.empty())
      proposal.mapped().deliver(change_proposed{std::move(outcome)});
  for (const auto& q : out.ask)
    ask(q);
}

// --- Questions ----------------------------------------------------------------------------------

void redis_port::ask(const redis::question& q) {
  if (q.kind == redis::question_kind::reconfig)
    reconfigure(q);
  else
    ask_desk(q);
}

void redis_port::count_acceptors(const redis::port_outputs::count& asked) {
  self_->request(options_.replica.handle, ask_timeout, acceptor_progress_request{})
      .then(
          [this, asked](const acceptor_progress& p) {
            core_.at(read_clocks());
            core_.counted(asked, p.accepted);
            flush_later();
          },
          [this, asked](const caf::error&) { core_.counted(asked, std::nullopt); });
}

void redis_port::answer(std::uint64_t ticket, std::string_view reply) {
  core_.at(read_clocks());
  core_.answered(ticket, reply);
  flush_later();
}

void redis_port::answer_with_error(std::uint64_t ticket, const std::string& error) {
  kv::reply_writer reply;
  reply.error(error);
  answer(ticket, reply.take());
}

/// Of the whole cluster, and not of what it was before the question came: a client may ask what
/// became of its own commands.
void redis_port::ask_desk(const redis::question& q) {
  const bool with_fingerprint = q.kind == redis::question_kind::fingerprint;
  self_->send(
      options_.desk,
      ask_cluster{with_fingerprint, [me = caf::actor{self_}, q](const process_report_ptr&,
                                                                const cluster_report_ptr& cluster) {
                    caf::anon_send(me, desk_answer{q.ticket, reply_to(q.kind, *cluster)});
                  }});
}

void redis_port::reconfigure(const redis::question& q) {
  try {
    start_change(self_->system(), q.ticket, parse_redis_change(q.words),
                 {options_.cluster, options_.node, self_});
  } catch (const change_error& e) {
    answer_with_error(q.ticket, std::string{"ERR "} + e.what());
  }
}

caf::result<change_proposed> redis_port::propose(propose_change& m) {
  if (!core_.why_unavailable().empty())
    return change_proposed{{0, outcome_kind::not_executed, core_.why_unavailable(), 0, {}, false}};
  const auto ticket = core_.propose(std::move(m.op));
  auto promise = self_->make_response_promise<change_proposed>();
  proposals_.emplace(ticket, promise);
  flush_later();
  return promise;
}

// --- Starting -----------------------------------------------------------------------------------

caf::io::doorman_ptr listen_for_redis(caf::actor_system& system, const std::string& address) {
  std::string error;
  const auto where = config::parse_address(address, error);
  if (!where)
    throw start_error{"cannot listen for Redis clients at " + address + ": " + error};
  // `reuse` from the first start on, or a restart finds the port in TIME_WAIT.
  auto door = system.middleman().backend().new_tcp_doorman(where->port, where->host.c_str(), true);
  if (!door)
    throw start_error{"cannot listen for Redis clients at " + address + ": " +
                      why_cannot_listen(*where)};
  return std::move(*door);
}

redis_actors start_redis_port(caf::actor_system& system, const std::string& address,
                              redis_port::settings options) {
  auto door = listen_for_redis(system, address);
  redis_actors actors;
  const auto shared = std::make_shared<redis_port::settings>(std::move(options));
  actors.port = system.spawn([shared](caf::event_based_actor* self) {
    const auto dropped = set_shell_handlers(self, "the Redis port");
    auto port = std::make_shared<redis_port>(self, *shared);
    self->attach_functor([port]() mutable { port.reset(); });
    return port->make_behavior(dropped);
  });
  auto broker = std::make_shared<redis_broker_options>();
  broker->port = actors.port;
  broker->door = std::move(door);
  actors.broker = system.middleman().spawn_broker(redis_broker_actor, broker);
  caf::anon_send(actors.port, actors.broker);
  return actors;
}

} // namespace pmmc
