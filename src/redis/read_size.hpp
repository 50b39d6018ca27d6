// How much is read from a connection at once.
#pragma once

#include <cstddef>
#include <utility>

namespace pmmc::redis {

/// The size of a connection's buffer for reading. An idle connection has a small one; one that
/// sends a lot gets more, while it does.
class read_size {
public:
  static constexpr std::size_t small_bytes = 2 << 10;
  static constexpr std::size_t large_bytes = 64 << 10;

  std::size_t bytes() const { return large_ ? large_bytes : small_bytes; }

  /// So many bytes were received at once. True: the size is another one now.
  bool received(std::size_t count) {
    received_since_look_ = true;
    const bool much = count == bytes() || (large_ && count > small_bytes);
    return std::exchange(large_, much) != much;
  }

  /// About once a second: who has sent nothing since the last time gives the large one back. True:
  /// the size is another one now.
  bool look() {
    const bool idle = !std::exchange(received_since_look_, false);
    return idle && std::exchange(large_, false);
  }

private:
  bool large_ = false;
  bool received_since_look_ = false;
};

} // namespace pmmc::redis
