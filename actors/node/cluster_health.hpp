// How the cluster is, from what its processes told. Free of CAF.
#pragma once

#include "node/probe.hpp"

#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// A configuration, in force or to come, of whose voters no majority is up.
struct missing_quorum {
  configuration config;
  std::size_t voters_up = 0;
};

/// What the rows together say about the cluster.
struct cluster_health {
  bool answered = false;   ///< whether anybody did; if not, `config` is only what was remembered,
  bool remembered = false; ///< or, without this, what the config file says
  std::string next_step;   ///< nobody answered: what to do
  slot_num highest = 0;    ///< slot_out of the replica or server that is furthest; 0: none is up
  bool has_active_leader = false;
  bool elects_leaders = true;                 ///< its engine does
  bool changes_members = true;                ///< likewise
  std::vector<missing_quorum> without_quorum; ///< the oldest first
  std::vector<std::string> down;
  std::vector<std::string> down_refused; ///< those at the address of one that is not counted
  std::map<role_id, std::map<role_id, slot_num>> differing; ///< replicas: from whom, since when
  std::map<role_id, std::string> uncounted; ///< whom others refuse for its disk, and why
  std::string diverged;                     ///< see why_diverged
  /// In force at `highest`, from the replicated state; the latest that is known, if none is up.
  configuration config;
};

cluster_health assess(const probed_cluster& cluster, const std::vector<probed_role>& roles);

/// What to do if none of those that were asked answered, from what each of them said.
std::string next_step(const std::vector<std::string>& whys);

/// "active" or "passive" of a leader; of a server of an engine that has leaders, "leader",
/// "follower", or "candidate" while it knows no leader; "" of others.
std::string office_of(const probed_role& r);

/// Failures that the configuration survives, of any one kind of role.
std::size_t survives(const configuration& c);

/// Which replicas have different states at an equal slot, if fingerprints were asked for: "" if
/// none do.
std::string why_diverged(const std::vector<probed_role>& roles);

/// "" if nothing is wrong.
std::string unhealthy_because(const cluster_health& h);

/// The replica that is furthest has the newest configurations. Null if none could be asked.
const probed_role* furthest_replica(const std::vector<probed_role>& roles);
/// Why it is null.
std::string no_replica_because(const std::vector<probed_role>& roles);

} // namespace pmmc
