#include "sim/ahead_client.hpp"

#include "base/codec.hpp"
#include "kv/single_call.hpp"
#include "sim/checkers/violation.hpp"

namespace pmmc::sim {

namespace {
constexpr std::uint64_t opening_number = 4'711;
constexpr std::uint64_t requests_at_once = 100;
} // namespace

bool ahead_client::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " has " + std::to_string(answered_.size()) + " answers; ";
  return false;
}

void ahead_client::send(std::uint64_t sequence) {
  std::uint64_t acknowledged = 0;
  for (auto it = answered_.begin(); it != answered_.end() && *it == acknowledged + 1; ++it)
    ++acknowledged;
  const auto& replicas = world_.checkers.truth().state().configurations().latest().state_holders();
  world_.send(
      *this, replicas.front().id,
      request{request_kind::operation, session_, sequence, acknowledged, encode(kv::incr("k1"))});
}

void ahead_client::on_tick() {
  const auto& replicas = world_.checkers.truth().state().configurations().latest().state_holders();
  const auto ticks = world_.process_at(process_number()).ticks;
  if (session_ == 0) {
    if (ticks % 100 == 1)
      world_.send(*this, replicas.front().id,
                  request{request_kind::open_session, 0, opening_number, 0, {}});
    return;
  }
  for (auto n = requests_at_once; n > 0 && next_ <= requests; --n)
    send(next_++);
  if (next_ <= requests || ticks % 20 != 0)
    return;
  if (answered_.empty()) {
    if (put_off_.size() == requests - 1 - most_ahead)
      send(1);
    return;
  }
  const auto again = put_off_;
  put_off_.clear();
  for (const auto sequence : again)
    send(sequence);
}

void ahead_client::on_message(const role_id&, message& m) {
  const auto* r = std::get_if<response>(&m);
  if (r == nullptr)
    return;
  if (r->session == 0 && r->status == reply_status::ok) {
    session_ = byte_reader{r->body}.varint();
    return;
  }
  if (r->status == reply_status::put_off) {
    demand(r->sequence > most_ahead + 1, [&] {
      return "X1: request " + std::to_string(r->sequence) + ", which may wait, is put off";
    });
    put_off_.insert(r->sequence);
    return;
  }
  demand(r->status == reply_status::ok && (r->sequence == 1 || !answered_.empty()), [&] {
    return "X1: request " + std::to_string(r->sequence) + " is answered before its predecessors";
  });
  answered_.insert(r->sequence);
}

} // namespace pmmc::sim
