// What is wrong with a key's operations, in a few lines.
#pragma once

#include "check/linearizability.hpp"

#include <vector>

namespace pmmc::check {

/// Precondition: the operations, all of one key and in the order of their calls, are not
/// linearizable; a search found out that got until `reached_ns`. The searches for a short
/// explanation go through no more than `max_states` in all; if that is little, it is longer than it
/// had to be.
violation explain(const std::vector<const operation*>& operations, std::uint64_t reached_ns,
                  std::uint64_t max_states);

} // namespace pmmc::check
