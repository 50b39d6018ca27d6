// Why a process cannot start.
#pragma once

#include <stdexcept>

namespace pmmc {

/// A process cannot start; what() says why and what to do.
struct start_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace pmmc
