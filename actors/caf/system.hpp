// The actor system, with every option that matters set in code: CAF's own ini file and argv are not
// looked at.
#pragma once

#include "wire/wire.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

namespace pmmc {

class system_config : public caf::actor_system_config {
public:
  /// `threads` of the scheduler; detached actors have one of their own beside them. 0: the others
  /// live on the network's thread (network_thread.hpp).
  explicit system_config(std::size_t threads);
};

} // namespace pmmc
