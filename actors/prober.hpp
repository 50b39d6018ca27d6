// Asks many processes how they are, as an actor. For those who have an actor system already.
#pragma once

#include "probe.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace pmmc {

using probe_answers = std::map<std::string, probed_process>; ///< by address

struct probe_task {
  std::string cluster;
  std::set<std::string> addresses;
  std::chrono::milliseconds timeout{}; ///< to connect, and again to answer
  status_request what;
  std::map<std::string, caf::actor> known;        ///< nodes that need not be connected with first
  std::map<std::string, std::string> down;        ///< those not to be tried, and why
  std::function<void(const probe_answers&)> done; ///< called once, in the prober
};

/// Asks all at the same time, calls `done` and is gone.
caf::behavior prober(caf::event_based_actor* self, const probe_task& task);

} // namespace pmmc
