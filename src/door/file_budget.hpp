// How many descriptors each door of a process may fill, so that all of them together leave enough
// for the files that the process lives by: a log segment that cannot be opened ends it.
#pragma once

#include <cstddef>

namespace pmmc::door {

struct file_budget {
  std::size_t files = 0;     ///< log segments, snapshots, connections with other members, HTTP
  std::size_t half_open = 0; ///< connections to the CAF port whose hello was not answered yet
  std::size_t clients = 0;   ///< connections of native clients
  std::size_t redis = 0;     ///< connections to the Redis port
};

/// `limit`: what the operating system lets the process open. The sum is never above it.
file_budget divide_files(std::size_t limit);

} // namespace pmmc::door
