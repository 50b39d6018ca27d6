// What a role wants done after it has handled an input. Roles do no I/O; a driver (the actors, the
// simulator) takes these and carries them out.
#pragma once

#include "messages.hpp"

#include <vector>

namespace pmmc {

/// ORDER: everything in `persist` must be durable (synced) before anything in `send` leaves the
/// process. A driver may join the outputs of many inputs: persist all of them with one sync, then
/// send all of them. If persisting fails, the driver stops the process and sends nothing, ever.
template <class Record>
struct outputs {
  std::vector<Record> persist;
  std::vector<envelope> send;

  bool empty() const { return persist.empty() && send.empty(); }
};

} // namespace pmmc
