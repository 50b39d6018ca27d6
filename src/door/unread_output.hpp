// What is in memory because the other side of a connection has not read it: what is added to a
// buffer that grows, and another one that goes out, which counts as a whole until it is freed.
#pragma once

#include <algorithm>
#include <cstddef>

namespace pmmc::door {

class unread_output {
public:
  std::size_t bytes() const { return going_ + queued_; }

  /// `queued`: bytes in the buffer that grows, to which something was added.
  void added(std::size_t queued) { queued_ = queued; }

  /// Something may have gone out. `left`: bytes in both buffers; `queued`: in the one that grows.
  void written(std::size_t left, std::size_t queued) {
    going_ = left - std::min(left, queued);
    queued_ = queued;
  }

private:
  std::size_t going_ = 0;
  std::size_t queued_ = 0;
};

} // namespace pmmc::door
