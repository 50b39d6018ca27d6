// When a replica that lacks decisions asks for them, and whom (paper, section 4.2;
// docs/ARCHITECTURE.md, "Snapshots, watermark, catching up").
#pragma once

#include "base/types.hpp"

#include <algorithm>

namespace pmmc {

/// Nothing is asked while slots are performed. After a stall, other replicas are asked again and
/// again; if none of them is ahead, or they do not answer, the leaders have to find out, slot after
/// slot. Single-threaded.
class missing_decisions {
public:
  struct settings {
    unsigned stalled_ticks = 5; ///< no progress for so long is a stall
    unsigned resend_ticks = 20; ///< between two questions
  };

  explicit missing_decisions(settings options) : options_(options) {}

  /// Slots below `slot` are decided, as somebody said.
  void learn(slot_num slot) { known_slot_ = std::max(known_slot_, slot); }
  /// Slots were performed.
  void performed(std::uint64_t tick);
  /// A snapshot was taken over. If that does not help, the stall goes on.
  void installed(std::uint64_t tick) { progress_tick_ = tick; }

  /// Whether to ask another replica now; notes that it is done. Precondition: slots are missing.
  bool is_time_to_ask(std::uint64_t tick);
  /// Whether the leaders have to find out, too: soon, if there `is_nobody_ahead`.
  bool is_time_for_leaders(std::uint64_t tick, bool is_nobody_ahead) const;

  /// From now on the leaders are asked for all slots; `goes_on`: for those to come as well.
  void begin_filling(bool goes_on);
  void end_filling() { is_filling_ = false; }
  /// Whether go on as the window moves on.
  bool is_filling() const { return is_filling_; }
  /// The leaders are asked for all slots from `slot_out` to `end` that they have not been asked
  /// for: returns the first one.
  slot_num fill_from(slot_num slot_out, slot_num end);

  slot_num known_slot() const { return known_slot_; }
  std::uint64_t progress_tick() const { return progress_tick_; }

private:
  settings options_;
  slot_num known_slot_ = 0; ///< slots below are known to be decided somewhere
  std::uint64_t progress_tick_ = 0;
  std::uint64_t asked_tick_ = 0;
  std::uint64_t stall_tick_ = 0; ///< when the present stall was first acted on; 0: there is none
  bool is_filling_ = false;
  slot_num filled_to_ = 0; ///< slots below have been asked for
};

} // namespace pmmc
