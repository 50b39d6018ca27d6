// A load over sockets, one a client.
#pragma once

#include "load/dialect.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace pmmc::load {

/// Thrown if a server cannot be reached.
struct connect_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The plan's clients, in one thread.
class socket_load {
public:
  /// Connects, and begins to send. The clients take turns at `addresses` ("HOST:PORT"). Throws
  /// connect_error.
  socket_load(const std::vector<std::string>& addresses, std::unique_ptr<dialect> how,
              const plan& p, recorder& r);
  ~socket_load();
  socket_load(const socket_load&) = delete;
  socket_load& operator=(const socket_load&) = delete;

  /// No further operations; waits for those under way, for the plan's timeout at most.
  void stop();

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::load
