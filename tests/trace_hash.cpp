// Prints the trace hash of some seeds, to compare runs and compilers. Usage: trace_hash FIRST LAST
// [ENGINE]
#include "sim/simulation.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const auto engine = pmmc::to_engine_kind(argc == 4 ? argv[3] : "pmmc");
  if (argc < 3 || argc > 4 || !engine) {
    std::fprintf(stderr, "usage: %s FIRST LAST [pmmc|raft|simple]\n", argv[0]);
    return 2;
  }
  const auto last = std::strtoull(argv[2], nullptr, 10);
  int broken = 0;
  for (auto seed = std::strtoull(argv[1], nullptr, 10); seed <= last; ++seed) {
    const auto r = pmmc::sim::run(pmmc::sim::choose_scenario(seed, {.engine = *engine}));
    std::printf("%llu %016" PRIx64 " %s\n", seed, r.trace_hash, r.broken.c_str());
    std::fflush(stdout);
    broken += !r.broken.empty();
  }
  return broken == 0 ? 0 : 1;
}
