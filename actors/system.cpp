#include "system.hpp"

#include "guarded_middleman.hpp"
#include "protocol.hpp"

#include <chrono>
#include <vector>

namespace pmmc {

system_config::system_config(std::size_t threads) {
  add_message_types<caf::id_block::pmmc>();
  load<guarded_middleman>();
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", threads);
  // Messages are read on the network thread: handing them to a worker first is one more thread to
  // wake for each.
  set("middleman.workers", std::size_t{0});
  set("middleman.app-identifiers", std::vector<std::string>{protocol_name()});
  // On both sides, or a healthy idle peer is dropped. Our own heartbeats (node_actor) notice
  // silence sooner; this one closes the connection, so that what is queued for the peer is let go.
  set("middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
  set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{3}});
}

} // namespace pmmc
