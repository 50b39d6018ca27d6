// `pmmc check --exhaustive SCOPE`.
#pragma once

#include "cli.hpp"

namespace pmmc::cli {

/// Options: exhaustive, jobs, states. Exit code 0 if no invariant broke, 1 if one did.
int check_exhaustive(const arguments& a);

} // namespace pmmc::cli
