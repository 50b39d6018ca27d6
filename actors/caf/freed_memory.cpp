#include "caf/freed_memory.hpp"

#include <cstddef>

/// jemalloc's, if the program is linked with it (jemalloc(3), "mallctl").
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_size, void* next,
                                     std::size_t next_size);

namespace pmmc {

void give_freed_memory_back() {
  if (mallctl != nullptr)
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0); // MALLCTL_ARENAS_ALL
}

} // namespace pmmc
