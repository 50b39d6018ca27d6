#include "base/invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace pmmc {

namespace {

invariant_handler handler_of_program = nullptr;

} // namespace

void set_invariant_handler(invariant_handler handler) { handler_of_program = handler; }

void invariant_broken(const char* condition, const char* meaning, const char* file, int line) {
  if (handler_of_program != nullptr)
    handler_of_program(condition, meaning);
  std::fprintf(stderr,
               "pmmc: invariant broken: %s (%s) at %s:%d; this is a bug, the process stops\n",
               meaning, condition, file, line);
  std::abort();
}

} // namespace pmmc
