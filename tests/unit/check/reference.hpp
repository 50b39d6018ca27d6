// The same verdict in the plainest way: all orders of all operations, on strings. For a few
// operations only.
#pragma once

#include "check/history.hpp"

namespace pmmc::testing {

bool is_linearizable_by_brute_force(const check::history& operations);

/// Executes the operation as a store would, and sets its result.
void execute(check::operation& op, std::optional<std::string>& value);

} // namespace pmmc::testing
