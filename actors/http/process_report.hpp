// What the actors of this process have told, and what follows from it. Free of CAF.
#pragma once

#include "config/cluster_file.hpp"
#include "parts/metrics.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace pmmc {

/// How long a role, or the node, may take to tell how it is.
inline constexpr std::chrono::milliseconds report_timeout{900};

struct role_report {
  config::role role;
  bool answered = false;
  role_metrics metrics; ///< if it answered
};

struct process_report {
  std::string address;
  std::string engine; ///< of its cluster
  std::vector<role_report> roles;
  bool node_answered = false;
  membership known; ///< what the node told last
  std::vector<peer_link> peers;
  std::size_t clients = 0; ///< connected
  clock_status clock;
};

/// Why the process is not healthy: empty if its roles answer, and its replica, if it has one, sees
/// a majority of the acceptors and an active leader; its server, a majority of the servers and, of
/// Raft, who leads.
std::string unhealthy_because(const process_report& r);

/// Why the process cannot serve well yet: empty if it is healthy and its replica or server has
/// performed all but the last WINDOW slots of those that it knows to be decided.
std::string not_ready_because(const process_report& r);

} // namespace pmmc
