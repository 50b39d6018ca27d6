// How a cluster began: what every data directory of it is formatted with.
#pragma once

#include "config/cluster_file.hpp"
#include "membership/cluster_facts.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace pmmc {

/// How a cluster began.
struct founding {
  cluster_facts facts;
  bool is_known = true; ///< false: there is no such cluster yet
};

/// That of the cluster, if a data directory on this machine or a process that can be reached tells
/// it: whoever is formatted now joins that one. Otherwise this config file founds a cluster. Throws
/// start_error if this program, whose state machine is called `machine`, cannot join it, or if it
/// is of another engine than the config file says.
founding find_founding(const config::cluster_file& cluster, std::string_view machine,
                       std::chrono::milliseconds timeout);

/// Formats the data directory of one role. Throws storage_error.
void format_role(const config::cluster_file& cluster, const config::role& role,
                 const founding& origin);

/// What this program, whose state machine is called `machine`, would found a cluster with.
cluster_facts own_facts(const config::cluster_file& cluster, std::string_view machine);

} // namespace pmmc
