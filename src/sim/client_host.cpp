#include "sim/client_host.hpp"

#include "check/kv_record.hpp"
#include "kv/single_call.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

client_host::client_host(world& w, history& seen, const role_id& id, std::size_t process)
    : host(w, id, process), random_(w.options.seed ^ (number() + 1) * 0xE7037ED1A0B428DBULL),
      history_(seen), left_(w.options.operations) {}

/// Keys with even numbers hold texts, the others numbers; values are never written twice.
std::string client_host::make_operation() {
  const auto n = random_.below(world_.options.keys);
  const auto key = "k" + std::to_string(n);
  const bool is_number = n % 2 == 1;
  auto value = std::to_string((number() + 1) * 1'000'000 + ++made_);
  if (!is_number)
    value += std::string(random_.below(world_.options.value_bytes), '.');
  if (operations_are_refused(world_.options) && random_.below(30) == 0)
    value += std::string(world_.options.replica.max_op_bytes, '.');
  switch (random_.below(8)) {
  case 0:
  case 1:
    return encode(kv::put(key, value));
  case 2:
  case 3:
    return is_number ? encode(kv::incr(key, static_cast<std::int64_t>(1 + random_.below(9))))
                     : encode(kv::append(key, value));
  case 4: {
    // A guess at the present value, from what this history has seen last.
    std::optional<std::string> expected;
    for (auto it = history_.rbegin(); it != history_.rend() && it - history_.rbegin() < 12; ++it)
      if (const auto op = check::recorded_call(it->op);
          op && op->kind == check::operation_kind::put && op->key == key) {
        expected = op->value;
        break;
      }
    return encode(kv::cas(key, expected, value));
  }
  default:
    return encode(kv::get(key));
  }
}

std::optional<std::size_t> client_host::next_operation() {
  if (left_ == 0 || open_.size() >= world_.options.in_flight ||
      (!hurries_ && world_.now() < next_at_))
    return std::nullopt;
  next_at_ = world_.now() + random_.below(2 * world_.options.client_pause);
  --left_;
  history_.push_back({id(), make_operation(), {}, world_.now(), 0, operation_end::open});
  open_.insert(history_.size() - 1);
  ++world_.facts.operations;
  return history_.size() - 1;
}

void client_host::hurry() {
  constexpr std::size_t enough = 100;
  left_ = std::min(left_, enough);
  hurries_ = true;
}

bool client_host::is_query(std::size_t place) const {
  return kv::is_read(kv::decode_transaction(op_at(place))->calls.at(0).what);
}

void client_host::finish(std::size_t place, operation_end end, std::string answer) {
  auto& entry = history_[place];
  entry.end = end;
  entry.answer = std::move(answer);
  entry.returned = world_.now();
  world_.facts.count(fact::operation_unknown, end == operation_end::unknown);
  open_.erase(place);
}

bool client_host::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " waits for " + std::to_string(open_.size()) + " answers and has " +
         std::to_string(left_) + " operations left; ";
  return false;
}

// --- The real client ----------------------------------------------------------------------------

void core_client::start() {
  client::settings settings;
  settings.id = id();
  settings.seed = random_.next();
  core_.emplace(settings);
}

void core_client::check(world& w, const role_id&, const message& m) const {
  if (const auto* q = std::get_if<query>(&m))
    w.checkers.query_sent(id(), q->number, q->op);
}

void core_client::on_message(const role_id& from, message& m) {
  if (const auto* r = std::get_if<response>(&m))
    core_->on(from, *r);
  else if (const auto* q = std::get_if<query_reply>(&m))
    core_->on(from, *q);
  else if (const auto* b = std::get_if<better_replica>(&m))
    core_->on(*b);
}

void core_client::on_tick() {
  if (world_.process_at(process_number()).ticks % 10 == 1)
    connections_.look_around(world_, *this, *core_);
  core_->on_tick();
  while (const auto place = next_operation()) {
    const auto timeout = world_.options.timeout_ticks;
    // The ticket is given before anything is sent, but known only afterwards.
    const auto ticket = is_query(*place) ? core_->submit_query(op_at(*place), timeout)
                                         : core_->submit(op_at(*place), timeout);
    places_[ticket] = *place;
  }
  if (world_.options.sessions_end && is_done() && !std::exchange(is_over_, true))
    core_->finish(world_.options.timeout_ticks);
}

void core_client::settle() {
  auto out = core_->take();
  send_all(std::move(out.send));
  for (auto& f : out.finished) {
    const auto found = places_.extract(f.ticket);
    if (found.empty())
      continue; // the end of the session
    const auto place = found.mapped();
    switch (f.kind) {
    case outcome_kind::done:
      finish(place, operation_end::answered, std::move(f.body));
      break;
    case outcome_kind::unknown:
      finish(place, operation_end::unknown, {});
      break;
    case outcome_kind::not_executed:
      // "Busy" is said about one copy of a request. TCP makes no others; a network that repeats
      // messages may bring one later, when there is room.
      finish(place,
             f.busy && may_repeat_messages(world_.options) ? operation_end::unknown
                                                           : operation_end::not_executed,
             {});
      break;
    case outcome_kind::refused:
      finish(place, operation_end::not_executed, {});
      break;
    }
  }
}

} // namespace pmmc::sim
