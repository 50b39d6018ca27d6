// Histories as tests write them: a line for each operation,
//   CLIENT CALL RETURN OPERATION KEY [ARGUMENT]... = RESULT [VALUE]
// RETURN is ? if the outcome is unknown; - as an argument or value is an absent key, '' the empty
// one. Words have no blanks.
#pragma once

#include "check/history.hpp"

namespace pmmc::testing {

check::history script(const std::string& lines);

} // namespace pmmc::testing
