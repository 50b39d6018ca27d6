// Seeds of tests that draw lots: PMMC_SEED=n begins with that one, PMMC_RUNS=n makes so many.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Calls `run` with each seed; a failure tells which one it was.
template <class Run>
void for_seeds(std::uint64_t count, const Run& run) {
  const auto first = from_environment("PMMC_SEED", 1);
  for (std::uint64_t seed = first; seed < first + from_environment("PMMC_RUNS", count); ++seed) {
    INFO("PMMC_SEED=" << seed << " PMMC_RUNS=1");
    run(seed);
  }
}
