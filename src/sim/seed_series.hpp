// Many seeds, and what to do with one that fails.
#pragma once

#include "sim/isolated.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pmmc::sim {

struct seed_series {
  std::uint64_t first_seed = 1;
  std::uint64_t runs = 1;
  unsigned jobs = 1;              ///< at the same time
  std::size_t most_failures = 10; ///< then no more runs are started
  reduction less;
};

struct series_result {
  std::uint64_t runs = 0;
  summary facts;
  std::vector<result> failures; ///< by seed
};

/// Calls `progress` after each run.
series_result run_series(const seed_series& s,
                         const std::function<void(const series_result&)>& progress);

/// The smallest scenario found in `seconds` seconds that breaks the invariant of the same name.
reduction shrink(std::uint64_t seed, const reduction& less, const std::string& broken,
                 double seconds);

/// As words of the command line, such as "--keep 3,7 --clients 1".
std::string to_string(const reduction& less);

/// The run again, as a short story: faults, elections, crashes, and the last `most_messages`
/// messages that matter.
std::string story(std::uint64_t seed, const reduction& less, std::size_t most_messages);

} // namespace pmmc::sim
