#include "sim/redis_port_host.hpp"

#include "kv/reply.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/replica_host.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr auto port_side = redis_wire::side::port;
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t rounding_ms = 2;
constexpr unsigned hear_every_ticks = 10;

redis::connection_id id_of(redis_wire::number n) { return n + 1; } // 0 is the front's own
redis_wire::number number_of(redis::connection_id id) {
  return static_cast<redis_wire::number>(id - 1);
}

std::uint64_t fresh_seed(world& w) { return w.chance.next(); }

/// The settings of a process, but in most runs with little room, so that limits are met.
redis::port::settings settings_for(world& w, const role_id& replica) {
  const auto& s = w.options;
  auto made = redis::port::usual(replica, "simulated", 1, fresh_seed(w), s.redis_timeout_ticks);
  auto& f = made.front;
  constexpr std::size_t one_command = 250;
  f.max_op_bytes = s.replica.max_op_bytes;
  if (s.has_small_limits)
    f.bundle_bytes = one_command;
  if (!s.redis_has_little_room)
    return made;
  f.bundle_calls = 1 + w.chance.below(6);
  f.bundle_bytes = std::min(f.bundle_bytes, 100 + w.chance.below(2'000));
  f.max_unsent_bytes = 300;
  f.note_unread_bytes = 100;
  f.max_transaction_bytes = 2'000;
  f.max_transactions_bytes = 300 + w.chance.below(1'500);
  f.max_operation_bytes = 3'000;
  f.max_query_bytes = 4'000;
  f.max_reply_bytes = 2'000;
  f.small_reply_bytes = 100 + w.chance.below(200);
  made.client.max_in_flight = 1 + w.chance.below(20);
  made.client.max_queries_in_flight = 1 + w.chance.below(8);
  return made;
}

} // namespace

redis_port_host::redis_port_host(world& w, redis_wire& wire, wall_clocks& clocks,
                                 const replica_host& replica, bool has_wrong_clock)
    : host(w, "port-" + replica.id().str(), replica.process_number()), wire_(wire), clocks_(clocks),
      replica_(replica), name_(replica.id()), has_wrong_clock_(has_wrong_clock),
      steady_ms_(static_cast<std::int64_t>(w.chance.below(1'000'000))) {
  wire_.listen(*this);
  if (w.options.redis_has_little_room) {
    limits_.max_unanswered_bytes = 2'000;
    limits_.max_input_bytes = 4'000;
    limits_.fair_bytes = 800;
    limits_.note_drained_bytes = 100;
  }
}

void redis_port_host::start() {
  move_clock();
  heard_ = {};
  core_.emplace(settings_for(world_, name_));
  be_known_as(core_->id());
  if (world_.log.is_told())
    world_.tell("the Redis port of " + name_.str() + " is " + id().str());
  core_->at(clocks_now());
}

// --- Clocks -------------------------------------------------------------------------------------

kv::moment_here redis_port_host::clocks_now() const {
  const auto ms = static_cast<std::int64_t>(world_.now() / millisecond);
  return {wall_clocks::true_ms(world_.now()) + ahead_ms_, steady_ms_ + ms};
}

/// A good clock is some ms off. A wrong one may say anything, and changes its mind.
void redis_port_host::move_clock() {
  auto& chance = world_.chance;
  clock_moves_at_ = world_.now() + 1 * second + chance.below(60 * second);
  ahead_ms_ = static_cast<std::int64_t>(chance.below(200)) - 100;
  if (has_wrong_clock_) {
    constexpr std::int64_t sizes[] = {2'000, 9'000, 60'000, hour_ms, 9'000 * hour_ms};
    const auto size = sizes[chance.below(5)];
    ahead_ms_ =
        static_cast<std::int64_t>(chance.below(static_cast<std::uint64_t>(2 * size))) - size;
  }
  clocks_.set(name_, ahead_ms_);
  clocks_.look_at(world_.checkers.truth().state().configurations());
}

/// As nodes tell each other with every beat.
void redis_port_host::hear_clocks() {
  const auto& known = replica_.role().known_configurations();
  core_->learn(replica_.role().known_members());
  clocks_.look_at(world_.checkers.truth().state().configurations());
  heard_.set_replicas(ids_of(known.latest().replicas));
  const auto now = clocks_now();
  const auto reached = world_.up() & ~world_.net.deaf_to(process_number());
  for (const auto& r : known.latest().replicas) {
    const auto* other = world_.host_at(world_.number_of(r.id));
    if (other == nullptr)
      continue;
    const auto p = other->process_number();
    if ((reached >> p & 1) != 0 && !world_.is_paused(p))
      heard_.heard(r.id, wall_clocks::true_ms(world_.now()) + clocks_.ahead_ms(r.id),
                   now.steady_ms);
  }
  if (const auto agreed = heard_.agreed_ms(now.steady_ms))
    core_->agreed(*agreed, now.steady_ms);
}

// --- The replica --------------------------------------------------------------------------------

/// T1: no operation brings a time that is far from what most clocks say.
void redis_port_host::check(world& w, const role_id&, const message& m) const {
  const auto* q = std::get_if<query>(&m);
  const auto* r = std::get_if<request>(&m);
  if (q != nullptr)
    w.checkers.query_sent(id(), q->number, q->op);
  if (r == nullptr || r->kind != request_kind::operation)
    return;
  byte_reader in{std::string_view{r->op}.substr(1)};
  const auto time = static_cast<std::int64_t>(in.varint());
  const auto most =
      wall_clocks::true_ms(w.now()) + clocks_.most_ahead_ms() + kv::max_clock_skew_ms + rounding_ms;
  demand(time <= most, [&] {
    return "T1: " + id().str() + " brings a time into the log that is " +
           std::to_string(time - most) + " ms later than most clocks allow";
  });
}

void redis_port_host::on_message(const role_id& from, message& m) {
  core_->at(clocks_now());
  if (auto* r = std::get_if<response>(&m))
    core_->on(from, std::move(*r));
  else if (auto* q = std::get_if<query_reply>(&m))
    core_->on(from, std::move(*q));
}

void redis_port_host::on_tick() {
  if (world_.now() >= clock_moves_at_)
    move_clock();
  core_->at(clocks_now());
  if (world_.process_at(process_number()).ticks % hear_every_ticks == 0)
    hear_clocks();
  core_->on_tick();
}

/// Until nothing moves: what has been written makes room for what waited.
void redis_port_host::settle() {
  for (bool moved = true; moved && !world_.process_at(process_number()).crashing;) {
    auto out = core_->take();
    moved = !out.replies.empty() || !out.counts.empty() || !out.ask.empty();
    send_all(out.send);
    if (world_.process_at(process_number()).crashing)
      return;
    for (auto& r : out.replies)
      reply(std::move(r));
    for (const auto& c : out.counts)
      core_->counted(c, replica_.role().accepted());
    for (const auto& q : out.ask)
      answer(q);
  }
}

/// Of the cluster nothing is told here.
void redis_port_host::answer(const redis::question& q) {
  kv::reply_writer reply;
  reply.bulk("{}");
  core_->answered(q.ticket, reply.take());
}

void redis_port_host::forget(bool) {
  core_.reset();
  sockets_.clear();
  wire_.lost(*this);
}

// --- Connections, as actors/redis_broker.cpp has them -------------------------------------------

void redis_port_host::on_wake(std::size_t what) {
  const auto n = redis_wire::connection_of(what);
  core_->at(clocks_now());
  if (auto e = wire_.take(n, port_side))
    take(n, std::move(*e));
  else if (sockets_.contains(n))
    write_more(n);
}

void redis_port_host::take(redis_wire::number n, redis_wire::event&& e) {
  using kind = redis::connection_event::kind;
  redis::connection_events events;
  switch (e.what) {
  case redis_wire::event::kind::opened:
    sockets_.try_emplace(n, limits_, totals_);
    events.push_back({kind::opened, id_of(n), "client", {}});
    break;
  case redis_wire::event::kind::bytes:
    return take_bytes(n, e.bytes);
  case redis_wire::event::kind::closed:
    sockets_.erase(n);
    events.push_back({kind::closed, id_of(n), {}, {}});
    break;
  }
  core_->on(std::move(events));
}

void redis_port_host::take_bytes(redis_wire::number n, std::string_view bytes) {
  const auto it = sockets_.find(n);
  if (it == sockets_.end() || it->second.bytes.is_closing())
    return;
  auto& s = it->second;
  redis::connection_events events;
  events.push_back({redis::connection_event::kind::requests, id_of(n), {}, s.bytes.feed(bytes)});
  if (s.bytes.is_full() && !std::exchange(s.halted, true))
    wire_.halt(n, port_side, true);
  if (!events.back().requests.empty())
    core_->on(std::move(events));
}

void redis_port_host::reply(redis::front_outputs::reply&& r) {
  const auto n = number_of(r.to);
  const auto it = sockets_.find(n);
  if (it == sockets_.end())
    return;
  auto& s = it->second;
  s.bytes.reply(std::move(r.bytes), r.settled_cost, r.close);
  if (s.halted && !s.bytes.is_full()) {
    s.halted = false;
    wire_.halt(n, port_side, false);
  }
  write_more(n);
}

void redis_port_host::write_more(redis_wire::number n) {
  auto& s = sockets_.at(n);
  while (s.bytes.has_output()) {
    const auto room = wire_.room(n, port_side);
    if (room == 0)
      return;
    const auto piece = s.bytes.pieces(1).front().substr(0, room);
    wire_.write(n, port_side, piece);
    s.bytes.sent(piece.size());
  }
  if (const auto bytes = s.bytes.take_drained(); bytes > 0) {
    redis::connection_events events;
    events.push_back({redis::connection_event::kind::drained, id_of(n), {}, {}, bytes});
    core_->on(std::move(events));
  }
  if (s.bytes.closes_when_written()) {
    wire_.close(n, port_side);
    sockets_.erase(n);
    redis::connection_events events;
    events.push_back({redis::connection_event::kind::closed, id_of(n), {}, {}});
    core_->on(std::move(events));
  }
}

} // namespace pmmc::sim
