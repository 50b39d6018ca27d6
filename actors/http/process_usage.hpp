// What the system says this process takes.
#pragma once

#include <cstdint>
#include <optional>

namespace pmmc {

struct process_usage {
  double cpu_seconds = 0;        ///< user and system
  double start_time_seconds = 0; ///< since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

/// Reads /proc/self; nothing if that cannot be read.
std::optional<process_usage> own_usage();

} // namespace pmmc
