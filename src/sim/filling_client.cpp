#include "sim/filling_client.hpp"

#include "base/codec.hpp"
#include "kv/single_call.hpp"
#include "sim/checkers/violation.hpp"

#include <optional>
#include <string_view>

namespace pmmc::sim {

namespace {

constexpr std::uint64_t filling_number = 4'712;
constexpr std::string_view filled_key = "k";
constexpr std::size_t beside_two_values = 18; ///< in a write, as it is encoded
constexpr std::size_t beside_value = 6;       ///< in an answer to a read

/// Reads find the last one.
std::string value_of(std::uint64_t write) {
  const auto bytes = write == filling_client::writes
                         ? filling_client::answer_bytes - beside_value
                         : (filling_client::write_bytes - beside_two_values) / 2;
  return std::string(bytes, static_cast<char>('a' + write));
}

std::string operation_of(std::uint64_t sequence) {
  if (sequence > filling_client::writes)
    return encode(kv::get(filled_key));
  const auto before = value_of(sequence - 1);
  const auto expected = sequence == 1 ? std::nullopt : std::optional<std::string_view>{before};
  return encode(kv::cas(filled_key, expected, value_of(sequence)));
}

bool is_answer(std::uint64_t sequence, std::string_view body) {
  const bool is_read = sequence > filling_client::writes;
  const auto expected =
      is_read ? kv::answer{kv::answer_status::ok, value_of(filling_client::writes)} : kv::answer{};
  return kv::read_answer(is_read ? kv::verb::get : kv::verb::cas, body) == expected;
}

} // namespace

bool filling_client::is_quiet(std::string& why) const {
  if (is_done())
    return true;
  why += id().str() + " has begun " + std::to_string(begun_) + " steps, has " +
         std::to_string(answered_) + " answers, and " + std::to_string(put_off_) +
         " requests are put off; ";
  return false;
}

void filling_client::send(std::uint64_t sequence, std::uint64_t acknowledged) {
  const auto& replicas = world_.checkers.truth().state().configurations().latest().state_holders();
  world_.send(*this, replicas.front().id,
              sequence == 0 ? request{request_kind::open_session, 0, filling_number, 0, {}}
                            : request{request_kind::operation, session_, sequence, acknowledged,
                                      operation_of(sequence)});
}

void filling_client::on_tick() {
  if (session_ == 0) {
    if (world_.process_at(process_number()).ticks % 100 == 1)
      send(0, 0);
    return;
  }
  if (begun_ > 0) {
    const auto& now = steps[begun_ - 1];
    if (answered_ != now.answered || put_off_ != now.put_off || begun_ == steps.size())
      return;
  }
  const auto& next = steps[begun_++];
  put_off_ = 0;
  for (auto sequence = next.first; sequence <= next.last; ++sequence)
    send(sequence, answered_);
}

void filling_client::on_message(const role_id&, message& m) {
  const auto* r = std::get_if<response>(&m);
  if (r == nullptr)
    return;
  if (r->session != 0)
    hear(*r);
  else if (r->status == reply_status::ok)
    session_ = byte_reader{r->body}.varint();
}

void filling_client::hear(const response& r) {
  const auto& now = steps[begun_ - 1];
  const auto told = [&](const char* what) {
    auto text = "X1: request " + std::to_string(r.sequence) + what + ": ";
    is_quiet(text);
    return text;
  };
  if (r.status == reply_status::put_off) {
    ++put_off_;
    demand(put_off_ <= now.put_off && r.sequence > now.last - now.put_off,
           [&] { return told(", for which there is room, is put off"); });
    return;
  }
  demand(r.status == reply_status::ok && r.sequence == answered_ + 1,
         [&] { return told(" is not executed, or not as the next one"); });
  demand(r.sequence <= now.answered,
         [&] { return told(" is executed, and there is no room for it"); });
  demand(is_answer(r.sequence, r.body),
         [&] { return told(" is answered otherwise than after those before it, each once"); });
  ++answered_;
}

} // namespace pmmc::sim
