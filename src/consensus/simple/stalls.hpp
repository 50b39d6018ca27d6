// When a server that waits for slots does something about them (Paxos Made Simple, sections 2.3
// and 3).
#pragma once

#include "base/random.hpp"
#include "base/types.hpp"

#include <cstdint>

namespace pmmc::simple {

enum class remedy {
  none,
  ask, ///< those who know more
  fill ///< propose no-ops: "have a proposer issue a proposal", since nobody may know, or it may be
       ///< that nothing was chosen yet
};

/// Slots are in use up to some end, and nothing has come for a while: what to do. The time has
/// jitter, so that not all servers propose at once. Single-threaded.
class stalls {
public:
  /// A stall is no progress for `least_ticks` to twice as long.
  stalls(unsigned least_ticks, std::uint64_t seed) : least_ticks_(least_ticks), random_(seed) {
    be_patient();
  }

  /// A tick has passed, all slots below `slot_out` are known, and those below `end` are in use.
  /// Each second time, and if there is nobody `to_ask`, the remedy is to fill.
  remedy on_tick(slot_num slot_out, slot_num end, bool has_somebody_to_ask) {
    if (slot_out != last_slot_out_ || slot_out >= end) {
      last_slot_out_ = slot_out;
      waited_ = 0;
      has_asked_ = false;
      return remedy::none;
    }
    if (++waited_ < patience_)
      return remedy::none;
    waited_ = 0;
    be_patient();
    has_asked_ = has_somebody_to_ask && !has_asked_;
    return has_asked_ ? remedy::ask : remedy::fill;
  }

private:
  void be_patient() {
    patience_ = least_ticks_ + static_cast<unsigned>(random_.below(least_ticks_));
  }

  unsigned least_ticks_;
  random_source random_;
  slot_num last_slot_out_ = 0;
  unsigned waited_ = 0;
  unsigned patience_ = 0;
  bool has_asked_ = false; ///< since the last progress, and not filled since
};

} // namespace pmmc::simple
