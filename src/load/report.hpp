// A measurement as text and as JSON. A figure that could not be had is said to be missing, with
// why.
#pragma once

#include "load/measurement.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pmmc::load {

/// Numbers of 64 bits are strings, figures that could not be had null; "unavailable" says why.
nlohmann::ordered_json to_json(const measurement& m);

/// For people, some lines.
std::string to_text(const measurement& m);

} // namespace pmmc::load
