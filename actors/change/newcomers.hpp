// Who may be added to a cluster, and removed, as far as can be told before it is proposed.
#pragma once

#include "membership/reconfiguration.hpp"
#include "node/probe.hpp"

#include <string>

namespace pmmc {

config::role role_of(role_kind kind, const member& m);

/// Where the newcomer is a member, or was one; "" if it never was.
std::string last_address(const reconfiguration::addition& a, const membership& known);

/// Who is removed is of a kind that the cluster has. Throws change_error, with kind `refused`.
void check_removals(const reconfiguration& change, const config_history& known);

/// Nobody is added who cannot be reached, belongs elsewhere, has promised something elsewhere, or
/// runs twice. Enters the disks of those who may be added. Throws change_error, with kind
/// `refused`. Precondition: `probed` has asked at the newcomers' addresses and at their last ones.
void check_newcomers(reconfiguration& change, const probed_cluster& probed);

} // namespace pmmc
