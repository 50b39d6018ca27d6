// The descriptors that this process may open, and who may open how many of them.
#pragma once

#include "door/file_budget.hpp"

namespace pmmc {

/// Raises the soft limit to the hard one, once.
const door::file_budget& own_file_budget();

} // namespace pmmc
