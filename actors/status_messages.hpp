// How roles tell operators how they are. Free of CAF, as are the commands that show it.
#pragma once

#include "cluster_facts.hpp"
#include "configuration.hpp"
#include "membership.hpp"
#include "messages.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

/// What an actor that a node hosts is.
enum class hosted_kind : std::uint8_t { acceptor = 1, leader = 2, replica = 3, client = 4 };

/// Operator → node → its roles.
struct status_request {
  bool with_fingerprint = false;
};

struct role_status {
  role_id id;
  hosted_kind kind = hosted_kind::client;
  vitals state;
  std::string format_id; ///< identity of its disk
  bool is_fresh = false; ///< it has not taken part in anything since its disk was formatted
  std::uint64_t disk_bytes = 0;
  std::vector<role_id> uncounted;             ///< acceptors that came back with another disk
  bool proposes = false;                      ///< replica
  std::uint64_t pending_requests = 0;         ///< replica
  std::uint64_t sessions = 0;                 ///< replica
  std::uint64_t fingerprint = 0;              ///< replica, if asked for
  std::vector<configuration> configurations;  ///< replica: in force and pending
  std::uint64_t fetched_bytes = 0;            ///< replica: of the snapshot that it is fetching
  std::map<role_id, std::string> known_disks; ///< leader, replica: of the acceptors that it met
  std::string machine;                        ///< replica: name and version of its state machine
  std::vector<state_checkpoint> checkpoints;  ///< replica: its last ones, the latest last
};

struct process_status {
  std::string cluster;
  std::string address;
  cluster_facts facts; ///< as it was formatted
  membership known;    ///< from a replica's state where the process has one
  std::vector<role_status> roles;
};

} // namespace pmmc
