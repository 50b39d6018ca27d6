// How far the replicas have come, as a leader hears (paper, section 4.2), and which slots it has to
// look after for them.
#pragma once

#include "base/types.hpp"

#include <algorithm>
#include <map>

namespace pmmc {

/// Single-threaded; ticks are the leader's own.
class replica_progress {
public:
  /// Who is not heard for more than `forget_ticks`, or lags by more than `near_slots`, keeps nobody
  /// waiting.
  replica_progress(unsigned forget_ticks, std::uint64_t near_slots)
      : forget_ticks_(forget_ticks), near_slots_(near_slots) {}

  void hear(const role_id& replica, slot_num slot_out, std::uint64_t tick) {
    news_[replica] = {slot_out, tick};
  }
  /// The least slot_out of those that are heard and have performed all slots below `not_below`; 0
  /// if there is none.
  slot_num least(std::uint64_t tick, slot_num not_below = 0) const;
  /// Slots below are decided, whatever has become of the replica that performed them.
  slot_num most() const;

  /// Everything below `slot` is decided and durable at f + 1 replicas, somebody says.
  void hear_watermark(slot_num slot) { watermark_ = std::max(watermark_, slot); }
  /// The highest that was heard of.
  slot_num watermark() const { return watermark_; }

  /// Slots below are decided: phase 1 begins here, and the configurations from here on are live.
  /// The replicas that are well advanced have performed them; one that lags (it restarted from an
  /// old snapshot, say) gets them from the others, or by a recovery, and holds up nothing that is
  /// new.
  slot_num needed_from(std::uint64_t tick) const;
  /// An office begins, or goes on: needed_from(), which it returns, does not go back until
  /// release(). What has been forgotten is not heard of any more.
  slot_num hold(std::uint64_t tick) { return held_from_ = needed_from(tick); }
  /// The office has ended.
  void release() { held_from_ = 1; }

private:
  struct news {
    slot_num slot_out = 0;
    std::uint64_t heard_tick = 0;
  };

  unsigned forget_ticks_;
  std::uint64_t near_slots_;
  std::map<role_id, news> news_;
  slot_num watermark_ = 1;
  slot_num held_from_ = 1; ///< out of office 1

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
