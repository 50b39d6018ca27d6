#include "sim/redis_port_host.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t rounding_ms = 2;
constexpr unsigned hear_every_ticks = 10;
constexpr unsigned look_every_ticks = 100;

std::uint64_t fresh_seed(world& w) { return w.chance.next(); }

/// The settings of a process, but in most runs with little room, so that limits are met.
redis::port::settings settings_for(world& w, const role_id& replica) {
  const auto& s = w.options;
  auto made = redis::port::usual(
      replica, w.options.engine == engine_kind::pmmc ? role_kind::replica : role_kind::server,
      "simulated", 1, fresh_seed(w), s.redis_timeout_ticks);
  auto& f = made.front;
  constexpr std::size_t one_command = 250;
  f.max_op_bytes = s.replica.max_op_bytes;
  if (operations_are_refused(s))
    f.bundle_bytes = one_command;
  if (!s.redis_has_little_room)
    return made;
  f.bundle_calls = 1 + w.chance.below(6);
  f.bundle_bytes = std::min(f.bundle_bytes, 100 + w.chance.below(2'000));
  f.max_unsent_bytes = 300;
  f.note_unread_bytes = 100;
  f.note_unanswered_bytes = redis_port_host::many_unanswered_bytes;
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
                                 const host& replica, bool has_wrong_clock)
    : host(w, "port-" + replica.id().str(), replica.process_number()), wire_(wire), clocks_(clocks),
      replica_(replica), name_(replica.id()), has_wrong_clock_(has_wrong_clock),
      steady_ms_(static_cast<std::int64_t>(w.chance.below(1'000'000))),
      random_(w.options.seed ^ (number() + 1) * 0x9FB21C651E98DF25ULL) {
  wire_.listen(*this);
  if (w.options.redis_has_little_room) {
    limits_.max_unanswered_bytes = 2 * many_unanswered_bytes;
    limits_.max_input_bytes = 4'000;
    limits_.fair_bytes = 800;
    limits_.note_drained_bytes = 100;
    // Half of the ports have less room for replies than their front lets grow.
    limits_.max_output_bytes = (random_.below(2) == 0 ? 1'000 : 4'000) + random_.below(2'000);
    limits_.least_taken_bytes = 300;
    limits_.max_queued_bytes = 1 + random_.below(200);
    limits_.max_connections = w.options.redis_clients + 2 + random_.below(4);
  }
}

void redis_port_host::start() {
  move_clock();
  heard_ = {};
  core_.emplace(settings_for(world_, name_));
  broker_.emplace(limits_, static_cast<redis::sockets&>(*this));
  lag_ = random_.below(2) == 0 ? 0 : 1 + random_.below(8 * millisecond);
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
  const auto members = replica_.known_members();
  const auto& known = members.configurations;
  core_->learn(members);
  clocks_.look_at(world_.checkers.truth().state().configurations());
  heard_.set_replicas(ids_of(known.latest().state_holders()));
  const auto now = clocks_now();
  const auto reached = world_.up() & ~world_.net.deaf_to(process_number());
  for (const auto& r : known.latest().state_holders()) {
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
  if (world_.process_at(process_number()).ticks % look_every_ticks == 0)
    look();
}

void redis_port_host::look() {
  for (auto& [n, s] : sockets_)
    ++s.quiet_looks;
  broker_->look();
  tell_port();
  for (const auto& [n, s] : sockets_)
    demand(s.quiet_looks < 3 || s.reads == redis::read_size::small_bytes, [&] {
      return "P2: " + id().str() + " keeps a large buffer for a connection that sends nothing";
    });
  const auto undrained = broker_->undrained_bytes();
  const auto counted = core_->front_state().reply_bytes();
  demand(undrained <= counted, [&] {
    return "P2: " + std::to_string(undrained) + " bytes of replies of " + id().str() +
           " are not read, and " + std::to_string(counted) + " are counted";
  });
}

/// Until nothing moves: what has been written makes room for what waited.
void redis_port_host::settle() {
  for (bool moved = true; moved && !world_.process_at(process_number()).crashing;) {
    auto out = core_->take();
    moved = !out.counts.empty() || !out.ask.empty() || (lag_ == 0 && !out.replies.empty());
    send_all(out.send);
    if (world_.process_at(process_number()).crashing)
      return;
    if (out.room_wanted)
      broker_->room_wanted();
    if (!out.replies.empty())
      tell_broker(std::move(out.replies));
    for (const auto& c : out.counts)
      core_->counted(c, replica_.accepted());
    for (const auto& q : out.ask)
      ask(q);
  }
  check_bounds();
}

/// P2: what docs/CLIENTS.md says a port holds at the most. Each connection may have what is fair
/// beside the sum, and an empty parser and a refusal take something, too.
void redis_port_host::check_bounds() const {
  constexpr std::size_t of_each = 400;
  const auto& all = broker_->totals();
  const auto within = [this](const char* what, std::size_t held, std::size_t most) {
    demand(held <= most, [&] {
      return "P2: " + id().str() + " holds " + std::to_string(held) + " " + what + ", of at most " +
             std::to_string(most);
    });
  };
  within("bytes of replies", all.output, limits_.max_output_bytes);
  within("bytes of requests", all.input,
         limits_.max_input_bytes + sockets_.size() * (limits_.fair_bytes + of_each));
  within("connections", broker_->connections(), limits_.max_connections);
}

bool redis_port_host::is_quiet(std::string& why) const {
  if (!core_)
    return true;
  const auto& front = core_->front_state();
  const auto quiet = why.size();
  const auto none = [&](const char* what, std::size_t held) {
    if (held > 0)
      why += "P3: " + id().str() + " has " + std::to_string(held) + " " + what + " left; ";
  };
  none("sockets", sockets_.size());
  none("connections", broker_->connections() + front.connections());
  none("bytes of requests", broker_->totals().input);
  none("bytes of replies", broker_->totals().output);
  none("bytes under way", front.bytes_under_way());
  none("bytes of transactions", front.transaction_bytes());
  return why.size() == quiet;
}

void redis_port_host::forget(bool) {
  core_.reset();
  broker_.reset();
  sockets_.clear();
  to_port_.clear();
  to_broker_.clear();
  changes_.clear();
  wire_.lost(*this);
}

} // namespace pmmc::sim
