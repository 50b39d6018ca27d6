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
  return match >= goal_;
}

} // namespace pmmc::raft
