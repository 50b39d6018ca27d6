// Which processes dial which: each two of them have one connection.
#pragma once

#include "membership/membership.hpp"

#include <set>
#include <string>

namespace pmmc {

/// The addresses that a process at `own` dials: of two processes, the one with the smaller address
/// dials the other, so that they seldom close each other's connection by dialling at the same
/// moment. Those that it misses (it has had no connection with them for a while) it dials as well:
/// they may know nobody any more. Acceptors alone need nobody. Who is no member (yet) dials
/// everybody, since nobody knows of it.
std::set<std::string> addresses_to_dial(const membership& known, const std::string& own,
                                        const std::set<std::string>& missed);

/// The addresses that a client (it has none) dials: all that host a replica or server of the latest
/// configuration.
std::set<std::string> replica_addresses(const membership& known);

} // namespace pmmc
