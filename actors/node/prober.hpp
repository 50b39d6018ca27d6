// Asks many processes how they are, as an actor: for commands over connections of its own, inside a
// process over those of its node.
#pragma once

#include "node/probe.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace pmmc {

/// Why of everybody, if nobody can be asked from inside a process.
inline constexpr std::string_view node_is_silent =
    "this process's node, which would ask, does not answer";

struct probe_task {
  std::string cluster;
  std::set<std::string> addresses;
  std::chrono::milliseconds timeout{}; ///< to connect, and again to answer
  status_request what;
  caf::actor node;                                ///< of this process; none: they are dialled
  std::function<void(const probe_answers&)> done; ///< called once, in the prober
  /// Of the addresses, those that anybody may have named. A process dials one after the other, and
  /// those whom it has lost are to wait for few of these.
  std::set<std::string> strangers = {};
};

/// Asks all at the same time, but two strangers at the most, calls `done` and is gone.
caf::behavior prober(caf::event_based_actor* self, const probe_task& task);

/// The same, and waits: in a thread that has nothing else to do. `task.done` is not called.
probe_answers ask_all(caf::blocking_actor* self, probe_task task);

} // namespace pmmc
