// One line of a history file.
#pragma once

#include "check/history.hpp"

#include <stdexcept>

namespace pmmc::check {

/// "what is wrong; what would be right".
struct bad_line : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The line is JSON as far as it goes, and ends too soon.
struct cut_off : bad_line {
  using bad_line::bad_line;
};

/// Throws bad_line.
operation parse_line(const std::string& line);

} // namespace pmmc::check
