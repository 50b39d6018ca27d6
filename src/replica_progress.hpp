// How far the replicas have come, as a leader hears (paper, section 4.2).
#pragma once

#include "types.hpp"

#include <map>

namespace pmmc {

/// Single-threaded; ticks are the leader's own.
class replica_progress {
public:
  /// Who is not heard for more than `forget_ticks` keeps nobody waiting.
  explicit replica_progress(unsigned forget_ticks) : forget_ticks_(forget_ticks) {}

  void hear(const role_id& replica, slot_num slot_out, std::uint64_t tick) {
    news_[replica] = {slot_out, tick};
  }
  /// The least slot_out of those that are heard and have performed all slots below `not_below`; 0
  /// if there is none.
  slot_num least(std::uint64_t tick, slot_num not_below = 0) const;
  /// Slots below are decided, whatever has become of the replica that performed them.
  slot_num most() const;

private:
  struct news {
    slot_num slot_out = 0;
    std::uint64_t heard_tick = 0;
  };

  unsigned forget_ticks_;
  std::map<role_id, news> news_;

  friend struct role_contents; // exhaustive/encoding.cpp
};

} // namespace pmmc
