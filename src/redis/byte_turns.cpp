#include "redis/byte_turns.hpp"

#include <algorithm>

namespace pmmc::redis {

byte_turns::turn byte_turns::wait(connection_id who, std::uint64_t ticket, std::size_t bytes) {
  auto& last = last_[who];
  const auto start = std::max(last, now_);
  last = start + bytes;
  const turn t{last, ++arrivals_};
  waiting_.emplace(t, one{ticket, bytes, start});
  return t;
}

std::optional<std::uint64_t> byte_turns::next() {
  if (waiting_.empty()) {
    last_.clear(); // all have had what they wanted
    now_ = 0;
    return std::nullopt;
  }
  const auto first = waiting_.begin();
  const auto [ticket, bytes, start] = first->second;
  if (in_use_ > 0 && in_use_ + bytes > most_)
    return std::nullopt;
  in_use_ += bytes;
  now_ = std::max(now_ + bytes / waiting_.size(), start);
  waiting_.erase(first);
  return ticket;
}

std::vector<std::uint64_t> byte_turns::waiting() const {
  std::vector<std::uint64_t> all;
  all.reserve(waiting_.size());
  for (const auto& [turn, w] : waiting_)
    all.push_back(w.ticket);
  return all;
}

} // namespace pmmc::redis
