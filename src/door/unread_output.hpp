// What is in memory because the other side has not read it. CAF keeps it in two buffers: one that
// grows, and one that goes out and is hidden, which is freed when all of it has gone. Then it takes
// all that is in the other.
#pragma once

#include <cstddef>

namespace pmmc::door {

class unread_output {
public:
  std::size_t bytes() const { return going_ + queued_; }

  /// `queued`: bytes in the buffer that grows, to which something was added.
  void added(std::size_t queued) { queued_ = queued; }

  /// Something may have gone out. `left`: bytes in both buffers; `queued`: in the one that grows.
  void written(std::size_t left, std::size_t queued) {
    const bool all_gone = left == queued; // so what is queued is next
    if (all_gone)
      going_ = queued;
    queued_ = all_gone ? 0 : queued;
  }

private:
  std::size_t going_ = 0; ///< of the buffer that goes out, with what has gone of it
  std::size_t queued_ = 0;
};

} // namespace pmmc::door
