// What processes that have met say to each other all the time.
#pragma once

#include "membership/membership.hpp"

#include <cstdint>

namespace pmmc {

/// In both directions, so that one that is frozen or cut off is noticed, and one that knows less of
/// the members is told more.
struct heartbeat {
  std::uint64_t incarnation = 0; ///< of the sender: see introduction
  config_version version = 0;    ///< the latest that it knows
  config_version live_from = 0;
  cluster_identity identity = 0;
  std::int64_t wall_ms = 0; ///< the sender's clock, in ms since 1970
};

} // namespace pmmc
