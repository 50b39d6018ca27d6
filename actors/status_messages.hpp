// How roles tell operators how they are. Free of CAF, as are the commands that show it.
#pragma once

#include "configuration.hpp"
#include "messages.hpp"

#include <cstdint>
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
  std::uint64_t disk_bytes = 0;
  std::vector<role_id> uncounted;            ///< acceptors that came back with another disk
  bool proposes = false;                     ///< replica
  std::uint64_t pending_requests = 0;        ///< replica
  std::uint64_t sessions = 0;                ///< replica
  std::uint64_t fingerprint = 0;             ///< replica, if asked for
  std::vector<configuration> configurations; ///< replica: in force and pending
};

struct process_status {
  std::string cluster;
  std::string address;
  std::vector<role_status> roles;
};

} // namespace pmmc
