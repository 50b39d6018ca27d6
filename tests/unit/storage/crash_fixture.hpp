// A process that dies at any change of its files, on a disk in memory.
#pragma once

#include "scratch.hpp"

#include "storage/simulated_disk.hpp"

namespace crash {

inline constexpr pmmc::storage::segment_sizes small{4096, 4096};
inline const std::string home = "/data/x1";

using step = std::function<void(pmmc::storage::simulated_disk&)>;

inline void format_home(pmmc::storage::simulated_disk& disk, pmmc::role_kind kind,
                        const std::string& engine = "pmmc") {
  pmmc::storage::data_directory::format(disk, home, scratch::info_of(kind, "x1", engine), small);
}

inline pmmc::storage::data_directory open_home(pmmc::storage::simulated_disk& disk,
                                               pmmc::role_kind kind) {
  return pmmc::storage::data_directory::open(disk, home, "test 100%", kind, "x1");
}

/// Runs `life` once for each change that it makes, dying there; then `look`, which must not throw,
/// after starts that died as well, and again after a power cut.
inline void die_everywhere(const step& format, const step& life, const step& look) {
  using pmmc::storage::disk_stopped;
  for (const bool power : {false, true})
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      bool ended = false;
      for (std::size_t changes = 0; !ended; ++changes) {
        pmmc::storage::simulated_disk disk{seed};
        format(disk);
        INFO("power " << power << ", seed " << seed << ", changes " << changes);
        disk.stop_after(changes);
        try {
          life(disk);
          ended = true;
        } catch (const disk_stopped&) {
        }
        disk.restart(power);
        for (std::size_t start = 0; start < seed % 4; ++start) {
          disk.stop_after(start * 3 + changes % 3);
          try {
            look(disk);
          } catch (const disk_stopped&) {
          }
          disk.restart(power == (start % 2 != 0));
        }
        look(disk);
        disk.stop();
        disk.restart(true);
        look(disk);
        REQUIRE(changes < 2000);
      }
    }
}

} // namespace crash
