// The way to a broken invariant, for people.
#pragma once

#include "search/raft/successors.hpp"

#include <string>

namespace pmmc::raft::search {

/// "s1 receives vote of s2 of term 1", then how s1 has become and what it sends, a line for each.
std::string describe(const universe& u, const transition& t);

/// The invariant that `t`, which leads to `after`, breaks, or "".
std::string broken_by(const universe& u, const transition& t, const server_state& after);

} // namespace pmmc::raft::search
