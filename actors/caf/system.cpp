#include "caf/system.hpp"

#include "caf/guarded_middleman.hpp"
#include "caf/network_thread.hpp"
#include "wire/protocol.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace pmmc {

system_config::system_config(std::size_t threads) {
  add_message_types<caf::id_block::pmmc>();
  load<guarded_middleman>();
  if (threads == 0)
    load<network_scheduler>();
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::max<std::size_t>(threads, 1)); // 0 would ask the machine
  // Nobody has the thread for ever, however much keeps coming for it.
  set("scheduler.max-throughput", std::size_t{1'000});
  // Messages are read on the network thread: handing them to a worker first is one more thread to
  // wake for each.
  set("middleman.workers", std::size_t{0});
  set("middleman.app-identifiers", std::vector<std::string>{protocol_name()});
  // On both sides, or a healthy idle peer is dropped. Our own heartbeats (node_actor) notice
  // silence sooner; guarded_middleman closes the connection of who says nothing at all, and lets go
  // what is queued for it. CAF would keep that.
  set("middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
  set("middleman.connection-timeout", caf::timespan{0});
}

} // namespace pmmc
