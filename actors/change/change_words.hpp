// The words in which operators name a change of the cluster's members.
#pragma once

#include "membership/reconfiguration.hpp"

#include <string>
#include <vector>

namespace pmmc {

/// `add`: ROLE:ID=HOST:PORT each. `remove`: ROLE:ID each. The disks, and the version that it
/// replaces, are left open. Throws change_error; `how_to_name` is for one that is empty.
reconfiguration parse_change(const std::vector<std::string>& add,
                             const std::vector<std::string>& remove,
                             const std::string& how_to_name);

struct redis_change {
  reconfiguration change;
  bool dry_run = false;
};

/// The words behind PMMC RECONFIG: ADD and REMOVE, each with one or more words behind it, and
/// DRYRUN; these three in letters of either size. Throws change_error.
redis_change parse_redis_change(const std::vector<std::string>& words);

} // namespace pmmc
