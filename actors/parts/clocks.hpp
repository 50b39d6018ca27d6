// The only place that reads a wall clock for what the replicas agree on.
#pragma once

#include "kv/log_clock.hpp"

#include <chrono>

namespace pmmc {

inline kv::moment_here read_clocks() {
  using namespace std::chrono;
  const auto ms = [](auto since) { return duration_cast<milliseconds>(since).count(); };
  return {ms(system_clock::now().time_since_epoch()), ms(steady_clock::now().time_since_epoch())};
}

} // namespace pmmc
