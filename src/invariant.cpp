#include "invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace pmmc {

void invariant_broken(const char* condition, const char* meaning, const char* file, int line) {
  std::fprintf(stderr,
               "pmmc: invariant broken: %s (%s) at %s:%d; this is a bug, the process stops\n",
               meaning, condition, file, line);
  std::abort();
}

} // namespace pmmc
