// Random schedules for either engine: everything that may happen to messages, processes and disks,
// from a seed.
#pragma once

#include "base/engine_kind.hpp"

#include <cstddef>
#include <cstdint>

namespace pmmc::engines::test {

struct trial_facts {
  std::size_t answered = 0, reads = 0, fetched = 0, saved = 0, changes = 0, unknown = 0;
};

/// Faults of all kinds, for `steps`; then none, until all clients have their answers and all
/// servers that count have the same state. Throws std::logic_error with the reason if a promise is
/// broken, or if it comes to no end.
trial_facts run_trial(engine_kind engine, std::uint64_t seed, std::size_t steps);

} // namespace pmmc::engines::test
