#include "redis/port.hpp"

#include "kv/reply.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

namespace pmmc::redis {

namespace {

constexpr unsigned expire_every_ticks = 100;
constexpr unsigned wait_every_ticks = 5;
constexpr unsigned most_ticks_without_time = 200;
constexpr unsigned room_every_ticks = 50; // twice for each look at who reads nothing

role_id port_id(std::uint64_t seed) {
  char name[32];
  std::snprintf(name, sizeof name, "redis-%016llx", static_cast<unsigned long long>(seed));
  return role_id{name};
}

/// Of another session under the same id.
pmmc::client::settings with_another_seed(pmmc::client::settings s) {
  s.seed = random_source{s.seed}.next();
  return s;
}

} // namespace

port::settings port::usual(const role_id& replica, role_kind kind, std::string version,
                           std::uint16_t number, std::uint64_t seed, unsigned timeout_ticks) {
  settings s;
  s.replica = replica;
  s.timeout_ticks = timeout_ticks;
  s.client.id = port_id(seed);
  s.client.served_by = kind;
  s.client.seed = seed;
  s.client.max_in_flight = 2'000; // twice that fits into a session's window
  s.client.max_in_flight_bytes = 16 << 20;
  s.client.max_queries_in_flight = 256;
  s.front.replica = replica.str();
  s.front.version = std::move(version);
  s.front.port = number;
  s.front.seed = seed;
  s.front.patience_ticks = timeout_ticks;
  return s;
}

port::port(settings options)
    : options_(std::move(options)), front_(options_.front), client_(options_.client),
      changes_(with_another_seed(options_.client)) {
  client_.on_replica_up(options_.replica, {});
  changes_.on_replica_up(options_.replica, {});
}

// --- Time ---------------------------------------------------------------------------------------

void port::at(const kv::moment_here& now) {
  now_ = now;
  front_.set_clock(now.wall_ms);
  front_.set_log_clock(clock_.read(now));
}

void port::agreed(std::int64_t wall_ms, std::int64_t steady_ms) {
  clock_.agreed(wall_ms, steady_ms);
  at(now_);
  begin();
}

void port::begin() {
  if (!std::exchange(begun_, true))
    handle(held_.take());
}

void port::on_tick() {
  if (++tick_ == most_ticks_without_time)
    begin(); // without a majority of the replicas the log time stands, and that is all
  client_.on_tick();
  changes_.on_tick();
  front_.on_tick();
  if (tick_ % expire_every_ticks == 0) {
    if (const auto time = front_.log_time(); time && time != told_)
      out_.log_time = told_ = time;
    front_.expire_keys();
  }
  if (tick_ % room_every_ticks == 0 && front_.wants_room())
    out_.room_wanted = true;
  if (tick_ % wait_every_ticks == 0) {
    end_waits(); // also while nobody can count
    waits_.want_round();
  }
}

// --- Connections and the replica ----------------------------------------------------------------

void port::on(connection_events&& events) {
  if (begun_)
    handle(std::move(events));
  else
    held_.add(std::move(events));
}

void port::handle(connection_events&& events) {
  for (auto& e : events)
    switch (e.what) {
    case connection_event::kind::opened:
      front_.opened(e.connection, std::move(e.peer));
      break;
    case connection_event::kind::requests:
      front_.on(e.connection, std::move(e.requests));
      break;
    case connection_event::kind::drained:
      front_.drained(e.connection, e.drained_bytes);
      break;
    case connection_event::kind::closed:
      front_.closed(e.connection);
      break;
    }
}

/// What an outcome sets free may be answered at once or go to the replica: until nothing moves.
port_outputs port::take() {
  change_.is_new = false;
  while (!change_.behind.empty() && !change_.is_new) {
    auto q = std::move(change_.behind.front());
    change_.behind.pop_front();
    ask_to_change(std::move(q));
  }
  for (bool moved = true; moved;) {
    moved = false;
    auto out = client_.take();
    std::move(out.send.begin(), out.send.end(), std::back_inserter(out_.send));
    for (auto& outcome : out.finished) {
      finish(std::move(outcome));
      moved = true;
    }
    auto changed = changes_.take();
    std::move(changed.send.begin(), changed.send.end(), std::back_inserter(out_.send));
    std::move(changed.finished.begin(), changed.finished.end(), std::back_inserter(out_.proposed));
    auto front = front_.take();
    std::move(front.replies.begin(), front.replies.end(), std::back_inserter(out_.replies));
    for (auto& s : front.submit) {
      submit(s);
      moved = true;
    }
    for (auto& q : front.ask) {
      ask(std::move(q));
      moved = true;
    }
    if (waits_.is_due()) {
      probe_acceptors();
      moved = true;
    }
  }
  return std::exchange(out_, {});
}

void port::submit(front_outputs::submission& s) {
  if (!why_unavailable_.empty())
    return front_.finished({s.ticket, outcome_kind::not_executed, why_unavailable_, 0, {}, false});
  if (s.is_query)
    client_.submit_query(std::move(s.op), options_.timeout_ticks, s.max_reply, s.ticket);
  else
    client_.submit(std::move(s.op), options_.timeout_ticks, pmmc::request_kind::operation,
                   s.ticket);
}

std::uint64_t port::propose(std::string op) {
  return changes_.submit(std::move(op), options_.timeout_ticks, pmmc::request_kind::reconfigure);
}

void port::on(const role_id& replica, response m) {
  if (!changes_.is_idle())
    changes_.on(replica, m); // each heeds those of its session
  client_.on(replica, std::move(m));
}

void port::finish(client_outcome outcome) {
  if (outcome.tag != 0) { // the front's tickets count from 1
    outcome.ticket = outcome.tag;
    return front_.finished(outcome);
  }
  if (waits_.has_read(outcome.ticket))
    out_.counts.push_back({waits_.round(), outcome.kind == outcome_kind::done ? outcome.slot : 0});
}

/// What is under way may still be answered: the replica performs what is below the boundary.
void port::learn(const membership& known) {
  const auto& configurations = known.configurations;
  const auto& id = options_.replica;
  if (configurations.empty() || configurations.latest().has_replica(id) ||
      configurations.latest().has_server(id))
    return why_unavailable_.clear();
  const std::string kind{to_string(options_.client.served_by)};
  const auto former = configurations.former_members().find(id);
  why_unavailable_ = kind + " " + id.str() +
                     (former == configurations.former_members().end()
                          ? " is not a member of the cluster yet"
                          : " was removed from the cluster in configuration " +
                                std::to_string(former->second.removed_in)) +
                     "; use the port of another " + kind;
  for (const auto& w : waits_.take_if([](const auto&) { return true; }))
    answer_with_error(w.ticket, "CLUSTERDOWN not executed: " + why_unavailable_);
}

// --- Questions ----------------------------------------------------------------------------------

void port::ask(question&& q) {
  if (q.kind == question_kind::reconfig)
    return ask_to_change(std::move(q));
  if (q.kind != question_kind::acceptors) {
    out_.ask.push_back(std::move(q));
    return;
  }
  if (!why_unavailable_.empty())
    return answer_with_error(q.ticket, "CLUSTERDOWN not executed: " + why_unavailable_);
  waits_.add(q.ticket, q.wanted, q.timeout_ms == 0 ? 0 : now_.steady_ms + q.timeout_ms);
}

void port::ask_to_change(question&& q) {
  if (change_.ticket == 0) {
    change_.ticket = q.ticket;
    change_.is_new = true;
    out_.ask.push_back(std::move(q));
  } else if (change_.is_new) {
    change_.behind.push_back(std::move(q));
  } else {
    answer_with_error(q.ticket, "BUSY not executed: this process is making another change of the "
                                "members; try again when that is done");
  }
}

void port::answered(std::uint64_t ticket, std::string_view reply) {
  if (ticket == change_.ticket)
    change_.ticket = 0;
  front_.answered(ticket, reply);
}

// --- WAIT ---------------------------------------------------------------------------------------

/// A read makes the replica ask all acceptors what they hold.
void port::probe_acceptors() {
  kv::transaction t;
  t.calls.push_back({kv::verb::version, 0, 0, {"-"}}); // nothing expires by it
  waits_.begin_round(client_.submit_query(kv::encode(t), options_.timeout_ticks));
}

void port::counted(const port_outputs::count& asked,
                   const std::optional<std::map<role_id, slot_num>>& accepted) {
  if (!accepted)
    return waits_.not_counted(asked.round); // again, on a tick
  const auto holds = [&](const auto& a) { return a.second + 1 >= asked.slot; };
  const auto count = asked.slot == 0 ? 0 : std::count_if(accepted->begin(), accepted->end(), holds);
  waits_.counted(asked.round, static_cast<std::size_t>(count));
  end_waits();
}

/// A connection that is full is not read before its WAIT is answered, and who is not read cannot be
/// seen to go: it waits for one count, and for no more.
void port::end_waits() {
  const auto ended = waits_.take_if([this](const acceptor_waits::entry& w) {
    return w.has_enough() || w.is_late(now_.steady_ms) || !front_.waits_for(w.ticket) ||
           (w.is_counted && front_.is_full_behind(w.ticket));
  });
  for (const auto& w : ended) {
    kv::reply_writer reply;
    reply.integer(static_cast<std::int64_t>(w.count));
    front_.answered(w.ticket, reply.take());
  }
}

void port::answer_with_error(std::uint64_t ticket, const std::string& error) {
  kv::reply_writer reply;
  reply.error(error);
  front_.answered(ticket, reply.take());
}

} // namespace pmmc::redis
