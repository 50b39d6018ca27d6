// The way to a broken invariant, for people.
#pragma once

#include "search/successors.hpp"
#include "search/visited_states.hpp"

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

/// The steps from the first state to the one with hash `last`, and a step from there that breaks an
/// invariant.
std::vector<std::string> trace_to(universe& u, const scope& s, const version_table& members,
                                  visited_states& visited, std::uint64_t last);

} // namespace pmmc::search
