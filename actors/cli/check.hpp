// The checks of `pmmc check`, each in a file of its own.
#pragma once

#include "cli.hpp"

namespace pmmc::cli {

int check_history_files(const arguments& a); ///< --history FILE...

} // namespace pmmc::cli
