// What the actors of a process tell its HTTP port. Free of CAF. It stays inside the process, so it
// may change without a new version of the protocol.
#pragma once

#include "consensus/pmmc/counters.hpp"
#include "consensus/replicated_log.hpp"
#include "node/status_messages.hpp"
#include "parts/request_times.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace pmmc {

inline constexpr std::array<double, 14> sync_second_bounds{
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};

struct acceptor_metrics {
  histogram sync_seconds{sync_second_bounds}; ///< of writes with their sync
  std::uint64_t records = 0;                  ///< made durable by them
  std::size_t accepted_bytes = 0;             ///< of the commands held
  std::size_t pvalues = 0;                    ///< held
};

struct leader_metrics {
  leader_counters core;
  std::uint64_t scouts_started = 0;
  std::uint64_t commanders_started = 0;
  std::size_t scouts = 0; ///< at work
  std::size_t commanders = 0;
  std::size_t proposals = 0; ///< undecided
  std::size_t waiting_for_commander = 0;
};

struct replica_metrics {
  replica_counters core;
  replica_gauges now;
  std::vector<operation_times> times;
};

/// Of another engine's server.
struct server_metrics {
  replica_metrics service; ///< as a replica's
  log_figures log;
  histogram sync_seconds{sync_second_bounds}; ///< of writes with their sync
  std::uint64_t records = 0;                  ///< made durable by them
};

struct role_metrics {
  role_status status;
  std::size_t mailbox_messages = 0;
  std::uint64_t messages_sent = 0; ///< to roles of other processes
  std::variant<std::monostate, acceptor_metrics, leader_metrics, replica_metrics, server_metrics>
      counted;
};

/// Of who holds the state: a replica, or a server; or nullptr.
inline const replica_metrics* service_of(const role_metrics& m) {
  if (const auto* server = std::get_if<server_metrics>(&m.counted))
    return &server->service;
  return std::get_if<replica_metrics>(&m.counted);
}

/// Another process of the cluster, as this one's node sees it.
struct peer_link {
  std::string address;
  bool up = false;
  std::string why; ///< not up: what is known about it
};

} // namespace pmmc
