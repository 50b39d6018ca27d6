// The processes of a scope: the core's roles as they are, with what a driver keeps for them.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "consensus/pmmc/leader.hpp"
#include "consensus/pmmc/sub_roles.hpp"
#include "search/part_host.hpp"
#include "search/replayed_replica.hpp"

#include <optional>
#include <string>
#include <variant>

namespace pmmc::search {

/// What a leader's records add up to.
struct leader_state {
  std::uint64_t free_seqnum = 0;

  void apply(const seqnum_record& r) { free_seqnum = r.free_seqnum; }
};

struct acceptor_process {
  unsigned number = 0; ///< 0 for a1
  acceptor core;
  acceptor_state disk;
};

struct leader_process {
  unsigned number = 0; ///< 0 for l1
  leader core;
  leader_state disk;
  unsigned ballots_left = 0;
  unsigned restarts_left = 0;
};

/// A scout or commander.
struct sub_process {
  unsigned leader = 0;
  sub_role core;
  no_state disk;
};

/// A scout or commander that is done: its outcome is on its way to the leader.
struct report {
  unsigned leader = 0;
  sub_role_report what;
};

struct replica_process {
  unsigned number = 0; ///< 0 for r1
  replayed_replica core;
  no_state disk;
  unsigned reads_left = 0;
  unsigned restarts_left = 0;
  std::optional<slot_num> acknowledged; ///< when the read began that is under way
};

using process =
    std::variant<acceptor_process, leader_process, sub_process, report, replica_process>;

// What can happen to a process beside a message and a crash.
struct run_for_office {}; ///< a leader's patience ends
struct lose_office {};    ///< an active leader hears no majority any more
struct pass_time {};      ///< an active leader's tick
struct hear_of {          ///< its process has heard of configurations, up to this one
  config_version latest = 0;
};
/// A read comes in. The slots up to `acknowledged` are decided: some replica may have performed
/// them and answered their clients.
struct begin_read {
  slot_num acknowledged = 0;
};

using input = std::variant<const envelope*, const report*, crash, run_for_office, lose_office,
                           pass_time, hear_of, begin_read>;

/// After a scout or commander is done, there is its report.
using step_outcome = part_outcome<process, envelope, sub_roles>;

/// Two processes with equal bytes behave alike from now on.
std::string canonical_bytes(const process& p);

} // namespace pmmc::search
