// For libraries that are preloaded into a process under test.
#pragma once

#include <cstdlib>

#include <dlfcn.h>

/// The function that the program would have called. Fails loudly: a test would see no faults.
template <class F>
F* next(const char* name) {
  auto* found = reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
  if (!found)
    std::abort();
  return found;
}
