// The way to a broken invariant, for people.
#pragma once

#include "search/simple/successors.hpp"

#include <string>

namespace pmmc::simple::search {

/// "s1 receives promise of s2 for 3 in slot 1", then how s1 has become and what it sends, a line
/// for each.
std::string describe(const universe& u, const transition& t);

/// The invariant that `t`, which leads to `after`, breaks, or "".
std::string broken_by(const universe& u, const transition& t, const server_state& after);

} // namespace pmmc::simple::search
