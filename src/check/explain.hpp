// What is wrong with a key's operations, in a few lines.
#pragma once

#include "check/linearizability.hpp"

#include <vector>

namespace pmmc::check {

/// Precondition: the operations, all of one key and in the order of their calls, are not
/// linearizable. No search goes through more than `max_states`; with few of them the explanation is
/// longer than it had to be.
violation explain(const std::vector<const operation*>& operations, std::uint64_t max_states);

} // namespace pmmc::check
