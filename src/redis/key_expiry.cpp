#include "redis/key_expiry.hpp"

#include "kv/reply.hpp"

#include <string_view>
#include <utility>

namespace pmmc::redis {

bool says_due(const client_outcome& outcome) {
  return outcome.kind == outcome_kind::done && !outcome.body.empty() &&
         outcome.body.front() == static_cast<char>(kv::transaction_status::due);
}

kv::log_time key_expiry::now_for(const kv::transaction& t) const {
  // An administrator's word: no clock is to come before it.
  if (!t.calls.empty() && t.calls.front().what == kv::verb::set_clock)
    return 0;
  return clock_.value_or(0);
}

std::optional<std::string> key_expiry::begin() {
  if (std::exchange(under_way_, true))
    return std::nullopt;
  kv::transaction t;
  t.now = now_for(t);
  t.calls.push_back({kv::verb::clock, 0, 0, {}}); // due if any key is
  return kv::encode(t);
}

std::optional<std::string> key_expiry::settle(const client_outcome& outcome) {
  under_way_ = says_due(outcome);
  if (under_way_) {
    kv::transaction t;
    t.now = now_for(t);
    return kv::encode(t);
  }
  const std::string_view answer = outcome.body;
  if (outcome.kind != outcome_kind::done ||
      !answer.starts_with(static_cast<char>(kv::transaction_status::done)))
    return std::nullopt;
  pmmc::byte_reader in{answer.substr(1)};
  if (in.varint() == 0)
    return std::nullopt; // nothing was asked: it only moved the log time
  if (const auto time = kv::next_reply(in); time && time->kind == kv::reply_kind::integer)
    log_time_ = static_cast<kv::log_time>(time->integer);
  return std::nullopt;
}

} // namespace pmmc::redis
