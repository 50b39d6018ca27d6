#include "consensus/pmmc/leader_decisions.hpp"

#include <algorithm>

namespace pmmc {

void leader_decisions::add(slot_num slot, const command& value) {
  highest_ = std::max(highest_, slot);
  kept_.add(slot, value);
}

/// A slot forgotten is no longer covered: a proposal for it must not get a second value at this
/// ballot.
void leader_decisions::forget_below(slot_num needed_from) {
  while (!kept_.empty() && (kept_.first_slot() < needed_from || kept_.bytes() > most_.bytes ||
                            kept_.size() > most_.slots)) {
    covered_from_ = std::max(covered_from_, kept_.first_slot() + 1);
    kept_.forget_first();
  }
}

void leader_decisions::give_up_below(slot_num slot) {
  covered_from_ = std::max(covered_from_, slot);
}

slot_num leader_decisions::end() const { return std::max(highest_ + 1, covered_from_); }

} // namespace pmmc
