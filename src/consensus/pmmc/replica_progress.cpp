#include "consensus/pmmc/replica_progress.hpp"

#include <optional>

namespace pmmc {

slot_num replica_progress::least(std::uint64_t tick, slot_num not_below) const {
  std::optional<slot_num> least;
  for (const auto& [id, n] : news_)
    if (n.heard_tick + forget_ticks_ >= tick && n.slot_out >= not_below)
      least = std::min(least.value_or(n.slot_out), n.slot_out);
  return least.value_or(0);
}

slot_num replica_progress::most() const {
  slot_num most = 0;
  for (const auto& [id, n] : news_)
    most = std::max(most, n.slot_out);
  return most;
}

slot_num replica_progress::needed_from(std::uint64_t tick) const {
  const auto furthest = most();
  const auto near = least(tick, furthest - std::min(furthest, near_slots_));
  return std::max({watermark_, near != 0 ? near : furthest, held_from_});
}

} // namespace pmmc
