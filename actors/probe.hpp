// Asks every process of a cluster how it is (`pmmc status`, `fingerprint`, `config`, `up`).
#pragma once

#include "config/cluster_file.hpp"
#include "status_messages.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace pmmc {

/// One role's answer, or why there is none.
struct probed_role {
  config::role role;
  bool up = false;
  std::string why; ///< not up: what happened
  role_status status;
};

/// All roles of the configuration, in the order of `config::roles_of`. Asks all processes at the
/// same time and waits for none longer than `timeout`.
std::vector<probed_role> probe(const config::cluster_file& cluster, bool with_fingerprint,
                               std::chrono::milliseconds timeout);

} // namespace pmmc
