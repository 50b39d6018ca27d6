// How long a proposer that lost its number waits before it takes a higher one.
#pragma once

#include "base/random.hpp"

#include <algorithm>
#include <cstdint>

namespace pmmc::simple {

/// Two proposers can keep refusing each other's numbers for ever (Paxos Made Simple, section 2.4).
/// The paper elects a distinguished proposer; here each one waits for a random time, of a range
/// that doubles with each number lost, until one of them has the time to come through.
class backoff {
public:
  struct limits {
    unsigned least_ticks = 2;
    unsigned most_ticks = 1024; ///< a slow disk takes part of it
  };

  backoff(limits l, std::uint64_t seed) : limits_(l), range_(l.least_ticks), random_(seed) {}

  /// After a number was lost: so many ticks, at least 1.
  unsigned next_ticks() {
    const auto wait = 1 + static_cast<unsigned>(random_.below(range_));
    range_ = std::min(limits_.most_ticks, range_ * 2);
    return wait;
  }

private:
  limits limits_;
  unsigned range_;
  random_source random_;
};

} // namespace pmmc::simple
