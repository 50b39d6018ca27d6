// How the ports for HTTP and Redis ask the actors of their own process.
#pragma once

#include "membership.hpp"
#include "metrics.hpp"

#include <caf/all.hpp>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

/// Report desk → a role → role_metrics, or → the node → node_metrics.
struct metrics_request {};

struct node_metrics {
  membership known;
  std::vector<peer_link> peers;                ///< whom this process is, or should be, connected to
  std::map<std::string, caf::actor> connected; ///< the nodes of those that are up, by address
  std::size_t clients = 0;                     ///< connected
};

/// Redis port → the node: "tell me of the members, now and whenever you learn more". Answered with
/// members_news.
struct watch_members {};

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::metrics_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::role_metrics)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::node_metrics)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::watch_members)
