#include "consensus/pmmc/commander_slots.hpp"

#include "base/invariant.hpp"

namespace pmmc {

std::optional<slot_num> commander_slots::start_next() {
  if (waiting_.empty() || at_work_.size() >= most_at_work_)
    return std::nullopt;
  const auto slot = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  const bool only_one = at_work_.insert(slot).second;
  PMMC_INVARIANT(only_one, "C1: one commander per ballot and slot");
  commanded_.insert(slot);
  return slot;
}

bool commander_slots::remove(slot_num slot) {
  waiting_.erase(slot);
  return at_work_.erase(slot) > 0;
}

void commander_slots::stop_all() {
  at_work_.clear();
  waiting_.clear();
}

} // namespace pmmc
