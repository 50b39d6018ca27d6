// How the ports for HTTP and Redis ask the actors of their own process.
#pragma once

#include "membership/membership.hpp"
#include "node/probe.hpp"
#include "parts/metrics.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace pmmc {

/// Report desk → a role → role_metrics, or → the node → node_metrics.
struct metrics_request {};

struct node_metrics {
  membership known;
  std::vector<peer_link> peers; ///< whom this process is, or should be, connected to
  std::size_t clients = 0;      ///< connected
  clock_status clock;
};

/// Prober → the node: how is the process at this address? It is asked over the connection that
/// there is. One that should be connected and is not is not dialled for it, since two that dial
/// each other at the same moment may both lose their connection; others are, and left again.
/// Answered with probed_process.
struct ask_process_at {
  std::string address;
  std::chrono::milliseconds timeout{}; ///< for its answer
  status_request what;
};

/// Redis port → the node: "tell me of the members, now and whenever you learn more, and of the
/// time". Answered with members_news.
struct watch_members {};

/// The node → who sent watch_members, with every beat: a majority of the replicas' clocks had
/// reached `agreed_ms` when this process's steady clock showed `steady_ms`.
struct clock_news {
  std::int64_t agreed_ms = 0;
  std::int64_t steady_ms = 0;
};

/// Redis port → the node.
struct log_time_seen {
  std::uint64_t time_ms = 0;
};

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::metrics_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::role_metrics)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::node_metrics)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::ask_process_at)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::probed_process)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::watch_members)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::clock_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::log_time_seen)
