// The way to a broken invariant, for people.
#pragma once

#include "search/raft/successors.hpp"
#include "search/visited_states.hpp"

#include <string>
#include <vector>

namespace pmmc::raft::search {

/// "s1 receives vote of s2 of term 1", then how s1 has become and what it sends, a line for each.
std::string describe(const universe& u, const transition& t);

/// The invariant that `t`, which leads to `after`, breaks, or "".
std::string broken_by(const universe& u, const transition& t, const cluster_state& after);

/// The steps from the first state to the one with hash `last`, and a step from there that breaks an
/// invariant.
std::vector<std::string> trace_to(universe& u, const scope& s,
                                  pmmc::search::visited_states& visited, std::uint64_t last);

} // namespace pmmc::raft::search
