// What was written to a connection and has not gone to its socket yet. CAF keeps it in two buffers:
// one that grows, and one that goes out and is hidden, which takes all of the other when it is
// empty.
#pragma once

#include <cstddef>

namespace pmmc::door {

class unread_output {
public:
  std::size_t bytes() const { return bytes_; }

  /// `queued`: bytes in the buffer that grows, to which something was added.
  void added(std::size_t queued) {
    bytes_ += queued - queued_;
    queued_ = queued;
  }

  /// Something may have gone out. `left`: bytes in both buffers.
  void written(std::size_t left, std::size_t queued) {
    bytes_ = left;
    queued_ = left == queued ? 0 : queued; // nothing is going out, so that goes next
  }

private:
  std::size_t bytes_ = 0;
  std::size_t queued_ = 0;
};

} // namespace pmmc::door
