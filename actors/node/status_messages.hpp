// How roles tell operators how they are. Free of CAF, as are the commands that show it.
#pragma once

#include "base/role_kind.hpp"
#include "consensus/messages.hpp"
#include "membership/cluster_facts.hpp"
#include "membership/configuration.hpp"
#include "membership/membership.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

/// Operator → node → its roles.
struct status_request {
  bool with_fingerprint = false;
};

/// "Replica" stands for whoever holds the state: replicas, and servers.
struct role_status {
  role_id id;
  role_kind kind = role_kind::client;
  vitals state;
  std::string format_id; ///< identity of its disk
  bool is_fresh = false; ///< it has not taken part in anything since its disk was formatted
  std::uint64_t disk_bytes = 0;
  std::map<role_id, std::string> uncounted;   ///< those with promises that it refuses, and why
  bool proposes = false;                      ///< replica
  std::uint64_t pending_requests = 0;         ///< replica
  std::uint64_t sessions = 0;                 ///< replica
  std::uint64_t fingerprint = 0;              ///< replica, if asked for
  std::vector<configuration> configurations;  ///< replica: in force and pending
  std::uint64_t fetched_bytes = 0;            ///< replica: of the snapshot that it is fetching
  std::map<role_id, std::string> known_disks; ///< of the acceptors, leaders and servers that it met
  /// Replica: who has done something else, and the slot at which that was seen.
  std::map<role_id, slot_num> differing;
  std::string machine; ///< replica: name and version of its state machine

  /// Of a leader, or a server that leads; of others false.
  bool is_active() const {
    return vitals_as<leader_vitals>(state).active || vitals_as<server_vitals>(state).is_leader;
  }
  /// Of a replica or server; nothing of others.
  state_vitals held() const { return state_of(state).value_or(state_vitals{}); }
  slot_num slot_out() const { return held().slot_out; }
  /// An acceptor's promise, or a leader's own ballot or the one that preempted it; of others ⊥.
  ballot_num ballot() const;
};

inline ballot_num role_status::ballot() const {
  const auto* leader = std::get_if<leader_vitals>(&state);
  return leader != nullptr ? leader->ballot : vitals_as<acceptor_vitals>(state).ballot;
}

/// What a process knows of the time (kv/log_clock.hpp).
struct clock_status {
  bool agreed = false;           ///< whether it knows what a majority of the replicas' clocks say
  std::int64_t agreed_ms = 0;    ///< what they do, in ms since 1970
  std::int64_t skew_ms = 0;      ///< its own clock is ahead of that, if it hosts a replica
  std::uint64_t log_time_ms = 0; ///< as its Redis port saw it last; 0: not yet, or it has none
};

struct process_status {
  std::string cluster;
  std::string address;
  cluster_facts facts; ///< as it was formatted
  membership known;    ///< from a replica's state where the process has one
  std::vector<role_status> roles;
  clock_status clock;
};

} // namespace pmmc
