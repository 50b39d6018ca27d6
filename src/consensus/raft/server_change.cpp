#include "consensus/raft/server_change.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

server_change::server_change(server_set next, command value, slot_num log_end, std::uint64_t tick)
    : value_(std::move(value)), goal_(log_end), round_began_(tick) {
  const auto& old = next.outgoing;
  for (const auto& m : next.servers)
    if (std::none_of(old.begin(), old.end(), [&](const member& o) { return o.id == m.id; }))
      newcomers_.push_back(m);
  for (const auto& m : newcomers_)
    news_[m.id].tick = tick;
  next_ = std::make_shared<const server_set>(std::move(next));
}

bool server_change::has_newcomer(const role_id& id) const {
  return std::any_of(newcomers_.begin(), newcomers_.end(),
                     [&](const member& m) { return m.id == id; });
}

bool server_change::caught_up_to(slot_num match, slot_num log_end, std::uint64_t tick,
                                 unsigned election_ticks) {
  if (match < goal_)
    return false;
  if (tick <= round_began_ + election_ticks)
    return true;
  goal_ = log_end;
  round_began_ = tick;
  ++slow_rounds_;
  return match >= goal_;
}

bool server_change::comes_further(const role_id& newcomer, slot_num match, std::uint64_t tick,
                                  unsigned patience_ticks) {
  auto& last = news_[newcomer];
  if (match > last.match) {
    last.match = match;
    last.tick = tick;
  }
  return tick <= last.tick + patience_ticks;
}

void server_change::asked_for_piece(const role_id& newcomer, slot_num snapshot,
                                    std::uint64_t offset, std::uint64_t tick) {
  auto& last = news_[newcomer];
  if (last.snapshot == snapshot && last.offset == offset)
    return; // again: it did not come
  last.snapshot = snapshot;
  last.offset = offset;
  last.tick = tick;
}

} // namespace pmmc::raft
