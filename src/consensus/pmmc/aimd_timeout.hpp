// The leader's timeout (paper, section 3): additive decrease, multiplicative increase.
#pragma once

#include <algorithm>

namespace pmmc {

/// How long a leader waits for the one that preempted it, in ticks. It grows by half with each
/// preemption and shrinks by a tick with each ballot adopted or slot decided, within its limits:
/// two leaders that disturb each other soon give each other the time that they need.
class aimd_timeout {
public:
  struct limits {
    unsigned least_ticks = 15;
    unsigned most_ticks = 500;
  };

  explicit aimd_timeout(limits l) : limits_(l), ticks_(l.least_ticks * 2) {}

  void increase() { ticks_ = std::min(limits_.most_ticks, ticks_ + ticks_ / 2 + 1); }
  void decrease() { ticks_ = std::max(limits_.least_ticks, ticks_ - 1); }
  unsigned ticks() const { return ticks_; }

private:
  limits limits_;
  unsigned ticks_;
};

} // namespace pmmc
