#include "redis_port.hpp"

#include "change/change_error.hpp"
#include "clocks.hpp"
#include "cluster_health.hpp"
#include "cluster_json.hpp"
#include "config/address.hpp"
#include "host_name.hpp"
#include "kv/reply.hpp"
#include "metrics_messages.hpp"
#include "redis_broker.hpp"
#include "redis_change.hpp"
#include "report_desk.hpp"
#include "server.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pmmc {

namespace {

constexpr unsigned expire_every_ticks = 100;
constexpr unsigned wait_every_ticks = 5;
constexpr unsigned most_ticks_without_time = 200;
constexpr unsigned room_every_ticks = 50; // twice for each look of the broker
constexpr std::chrono::seconds ask_timeout{2};

role_id port_id(std::uint64_t seed) {
  char name[32];
  std::snprintf(name, sizeof name, "redis-%016llx", static_cast<unsigned long long>(seed));
  return role_id{name};
}

redis::front::settings front_settings(const redis_port::settings& options) {
  redis::front::settings s;
  s.replica = options.replica.id.str();
  s.version = options.version;
  s.port = options.port;
  s.seed = options.seed;
  s.patience_ticks = options.timeout_ticks;
  return s;
}

client::settings client_settings(const redis_port::settings& options, role_id id) {
  client::settings s;
  s.id = id;
  s.seed = options.seed;
  s.max_in_flight = 2'000; // twice that fits into a session's window
  s.max_in_flight_bytes = 16 << 20;
  s.max_queries_in_flight = 256;
  return s;
}

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
    : self_(self), options_(std::move(options)), id_(port_id(options_.seed)),
      front_(front_settings(options_)), client_(client_settings(options_, id_)) {
  read_clock();
}

caf::behavior redis_port::make_behavior() {
  peers_.up(options_.replica);
  self_->send(options_.replica.handle,
              peer_up{hosted_role{id_, role_kind::client, {}, caf::actor{self_}}});
  client_.on_replica_up(options_.replica.id, {});
  learn(options_.known);
  self_->send(options_.node, watch_members{});
  self_->send(self_, tick_atom::value);
  return {
      [this](redis_events& m) { take(m); },
      [this](client_replies& m) { take(m); },
      [](const better_replica&) {}, // this process's is the one that there is
      [this](const members_news& m) { learn(m.known); },
      [this](const clock_news& m) { take(m); },
      [this](desk_answer& m) { answer(m.ticket, m.reply); },
      [this](propose_change& m) { return propose(m); },
      [this](const change_ended& m) {
        changing_ = false;
        answer(m.ticket, m.reply);
      },
      [this](flush_atom) { flush(); },
      [this](tick_atom) { tick(); },
      [this](const caf::actor& broker) { broker_ = broker; },
  };
}

/// Both clocks at once, whenever something is to be done: what is used was never further off than
/// kv::log_clock allows, whatever has happened to the wall clock since.
void redis_port::read_clock() {
  const auto now = read_clocks();
  front_.set_clock(now.wall_ms);
  front_.set_log_clock(clock_.read(now));
}

void redis_port::take(const clock_news& m) {
  clock_.agreed(m.agreed_ms, m.steady_ms);
  begin();
}

void redis_port::begin() {
  if (std::exchange(begun_, true))
    return;
  auto held = held_.take();
  take(held);
}

void redis_port::take(redis_events& m) {
  if (!begun_) {
    held_.add(std::move(m));
    return;
  }
  read_clock();
  for (auto& e : m.events)
    switch (e.what) {
    case redis_event::kind::opened:
      front_.opened(e.connection, std::move(e.peer));
      break;
    case redis_event::kind::requests:
      front_.on(e.connection, std::move(e.requests));
      break;
    case redis_event::kind::drained:
      front_.drained(e.connection);
      break;
    case redis_event::kind::closed:
      front_.closed(e.connection);
      break;
    }
  flush_later();
}

void redis_port::take(client_replies& m) {
  read_clock();
  for (auto& r : m.responses)
    client_.on(m.replica, std::move(r));
  for (auto& q : m.query_replies)
    client_.on(m.replica, std::move(q));
  flush_later();
}

void redis_port::tick() {
  self_->delayed_send(self_, until_next_tick(), tick_atom::value);
  if (++tick_ == most_ticks_without_time)
    begin(); // without a majority of the replicas the log time stands, and that is all
  read_clock();
  client_.on_tick();
  front_.on_tick();
  if (tick_ % expire_every_ticks == 0)
    expire_keys();
  if (tick_ % room_every_ticks == 0 && front_.wants_room())
    self_->send(broker_, redis_room_wanted{});
  if (tick_ % wait_every_ticks == 0)
    for (auto& w : waits_)
      if (w.query == 0)
        probe_acceptors(w);
  flush_later();
}

/// By the way the log time is seen.
void redis_port::expire_keys() {
  if (const auto time = front_.log_time(); time && time != told_) {
    told_ = time;
    self_->send(options_.node, log_time_seen{*time});
  }
  front_.expire_keys();
}

void redis_port::flush_later() {
  if (!std::exchange(flush_due_, true))
    self_->send(self_, flush_atom::value);
}

/// What an outcome sets free may be answered at once or go to the replica: until nothing moves.
void redis_port::flush() {
  flush_due_ = false;
  redis_replies replies;
  std::vector<envelope> to_replica;
  for (bool moved = true; moved;) {
    moved = false;
    auto out = client_.take();
    std::move(out.send.begin(), out.send.end(), std::back_inserter(to_replica));
    for (auto& outcome : out.finished) {
      finish(std::move(outcome));
      moved = true;
    }
    auto front = front_.take();
    std::move(front.replies.begin(), front.replies.end(), std::back_inserter(replies.replies));
    for (auto& s : front.submit) {
      submit(s);
      moved = true;
    }
    for (const auto& q : front.ask)
      ask(q);
  }
  send_all(caf::actor{self_}, id_, peers_, std::move(to_replica));
  if (!replies.replies.empty())
    self_->send(broker_, std::move(replies));
}

void redis_port::submit(redis::front_outputs::submission& s) {
  if (!barred_.empty())
    return front_.finished({s.ticket, outcome_kind::not_executed, barred_, 0, {}, false});
  const auto ticket =
      s.is_query ? client_.submit_query(std::move(s.op), options_.timeout_ticks, s.max_reply)
                 : client_.submit(std::move(s.op), options_.timeout_ticks);
  tickets_.emplace(ticket, s.ticket);
}

void redis_port::finish(client_outcome outcome) {
  if (auto proposal = proposals_.extract(outcome.ticket); !proposal.empty()) {
    proposal.mapped().deliver(change_proposed{outcome});
    return;
  }
  if (const auto known = tickets_.extract(outcome.ticket); !known.empty()) {
    outcome.ticket = known.mapped();
    return front_.finished(outcome);
  }
  for (auto& w : waits_)
    if (w.query == outcome.ticket)
      return count_acceptors(w.ticket, outcome.kind == outcome_kind::done ? outcome.slot : 0);
}

// --- Questions ----------------------------------------------------------------------------------

void redis_port::ask(const redis::question& q) {
  if (q.kind == redis::question_kind::reconfig)
    return reconfigure(q);
  if (q.kind != redis::question_kind::acceptors)
    return ask_desk(q);
  if (!barred_.empty())
    return answer_with_error(q.ticket, "CLUSTERDOWN not executed: " + barred_);
  auto& w = waits_.emplace_back();
  w.ticket = q.ticket;
  w.wanted = q.wanted;
  w.deadline_ms = q.timeout_ms == 0 ? 0 : read_clocks().steady_ms + q.timeout_ms;
  probe_acceptors(w);
}

/// A read makes the replica ask all acceptors what they hold.
void redis_port::probe_acceptors(waiting& w) {
  kv::transaction t;
  t.calls.push_back({kv::verb::version, 0, 0, {"-"}}); // nothing expires by it
  w.query = client_.submit_query(kv::encode(t), options_.timeout_ticks);
  flush_later();
}

/// `slot`: what was decided when the read was answered; 0: there is no quorum.
void redis_port::count_acceptors(std::uint64_t ticket, slot_num slot) {
  self_->request(options_.replica.handle, ask_timeout, acceptor_progress_request{})
      .then(
          [this, ticket, slot](const acceptor_progress& p) {
            const auto it = std::find_if(waits_.begin(), waits_.end(),
                                         [&](const waiting& w) { return w.ticket == ticket; });
            if (it == waits_.end())
              return;
            it->query = 0;
            const auto count =
                slot == 0 ? 0
                          : std::count_if(p.accepted.begin(), p.accepted.end(),
                                          [&](const auto& a) { return a.second + 1 >= slot; });
            const bool late = it->deadline_ms != 0 && read_clocks().steady_ms >= it->deadline_ms;
            if (count < it->wanted && !late && front_.waits_for(ticket))
              return; // again, on a tick
            kv::reply_writer reply;
            reply.integer(count);
            waits_.erase(it);
            front_.answered(ticket, reply.take());
            flush_later();
          },
          [this, ticket](const caf::error&) { // again, on a tick
            for (auto& w : waits_)
              if (w.ticket == ticket)
                w.query = 0;
          });
}

void redis_port::answer(std::uint64_t ticket, std::string_view reply) {
  front_.answered(ticket, reply);
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
  if (changing_)
    return answer_with_error(q.ticket, "BUSY not executed: this process is making another change "
                                       "of the members; try again when that is done");
  try {
    start_change(self_->system(), caf::actor{self_}, q.ticket, parse_redis_change(q.words),
                 options_.cluster);
    changing_ = true;
  } catch (const change_error& e) {
    answer_with_error(q.ticket, std::string{"ERR "} + e.what());
  }
}

caf::result<change_proposed> redis_port::propose(propose_change& m) {
  if (!barred_.empty())
    return change_proposed{{0, outcome_kind::not_executed, barred_, 0, {}, false}};
  const auto ticket =
      client_.submit(std::move(m.op), options_.timeout_ticks, request_kind::reconfigure);
  auto promise = self_->make_response_promise<change_proposed>();
  proposals_.emplace(ticket, promise);
  flush_later();
  return promise;
}

/// What is under way may still be answered: the replica performs what is below the boundary.
void redis_port::learn(const membership& known) {
  const auto& configurations = known.configurations;
  const auto& id = options_.replica.id;
  if (configurations.empty() || configurations.latest().has_replica(id))
    return barred_.clear();
  const auto former = configurations.former_members().find(id);
  barred_ = "replica " + id.str() +
            (former == configurations.former_members().end()
                 ? " is not a member of the cluster yet"
                 : " was removed from the cluster in configuration " +
                       std::to_string(former->second.removed_in)) +
            "; use the port of another replica";
  for (const auto& w : std::exchange(waits_, {}))
    answer_with_error(w.ticket, "CLUSTERDOWN not executed: " + barred_);
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
    set_shell_handlers(self, "the Redis port");
    auto port = std::make_shared<redis_port>(self, *shared);
    self->attach_functor([port]() mutable { port.reset(); });
    return port->make_behavior();
  });
  auto broker = std::make_shared<redis_broker_options>();
  broker->port = actors.port;
  broker->door = std::move(door);
  actors.broker = system.middleman().spawn_broker(redis_broker_actor, broker);
  caf::anon_send(actors.port, actors.broker);
  return actors;
}

} // namespace pmmc
