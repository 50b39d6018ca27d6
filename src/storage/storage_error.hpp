// The one exception of the storage layer.
#pragma once

#include <stdexcept>
#include <string>

namespace pmmc::storage {

/// What storage cannot do. The text is for the operator and complete: what was tried, on which
/// path, what happened, and what to do next. A process that gets one from a write stops: a write or
/// sync that failed is never retried, because nobody knows what is on the disk after it.
struct storage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace pmmc::storage
