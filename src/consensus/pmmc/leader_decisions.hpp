// What a leader knows to be decided: what was decided at its own ballots, for the replicas that ask
// again, and from which slot on it knows everything that there is.
#pragma once

#include "consensus/pmmc/kept_decisions.hpp"

#include <cstddef>

namespace pmmc {

/// Single-threaded.
class leader_decisions {
public:
  struct limits {
    std::size_t bytes = 0;
    std::size_t slots = 0;
  };

  explicit leader_decisions(limits most) : most_(most) {}

  /// `slot` was decided at this leader's ballot (R1: once).
  void add(slot_num slot, const command& value);
  /// What was decided in `slot`; nullptr: it never was here, or that is forgotten.
  const command* find(slot_num slot) const { return kept_.find(slot); }
  /// Forgets what lies below `needed_from`, as no replica that counts will ask for it, and the
  /// oldest beyond the limits.
  void forget_below(slot_num needed_from);

  /// Slots below are not known in memory: to propose there, phase 1 has to look at them first.
  slot_num covered_from() const { return covered_from_; }
  /// A new ballot, whose phase 1 looks at the slots from `slot` on: what was forgotten of these is
  /// found again.
  void begin_ballot(slot_num slot) { covered_from_ = slot; }
  /// What lies below `slot` is decided: phase 1 does not look there any more.
  void give_up_below(slot_num slot);

  /// The highest slot that was decided at this leader's ballots; 0: none.
  slot_num highest() const { return highest_; }
  /// One past the highest slot that it knows to be decided.
  slot_num end() const;

private:
  limits most_;
  kept_decisions kept_;
  slot_num highest_ = 0;
  slot_num covered_from_ = 1;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
