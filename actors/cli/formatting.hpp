// Formatting the data directories of roles: what `pmmc init` and `pmmc up` have in common.
#pragma once

#include "cli.hpp"

#include <vector>

namespace pmmc::cli {

/// Formats the roles' directories, for the cluster that is there already, or else for the one that
/// the config file founds; tells of each on stdout. Nothing is formatted, and command_error or
/// start_error thrown, if one of them must not be. `says_if_founding`: a role that is formatted by
/// itself may be a newcomer, and then to found a cluster is a mistake.
void format_all(const config::cluster_file& cluster, const std::vector<config::role>& roles,
                const state_machine_factory& make_machine, bool says_if_founding);

} // namespace pmmc::cli
