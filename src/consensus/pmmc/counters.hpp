// What the roles count for their operators. Everything starts at 0 with the process, and only grows
// but for the gauges.
#pragma once

#include "service/counters.hpp"

namespace pmmc {

struct leader_counters {
  std::uint64_t preemptions = 0; ///< by a higher ballot, while it scouted or was active
  std::uint64_t decisions = 0;   ///< slots decided at its ballots
};

using replica_counters = service_counters;
using replica_gauges = service_gauges;

} // namespace pmmc
