// The way to a broken invariant, for people.
#pragma once

#include "search/successors.hpp"

#include <string>
#include <vector>

namespace pmmc::search {

/// "a1 receives p1a 0.l1 …: it sends …".
std::string describe(const universe& u, const transition& t);

/// The state in which a search begins.
cluster_state first_state(const universe& u);

/// The invariant that `t`, which leads from `before` to `after`, breaks, or "".
std::string broken_by(const universe& u, const version_table& members, const cluster_state& before,
                      const transition& t, const cluster_state& after);

} // namespace pmmc::search
