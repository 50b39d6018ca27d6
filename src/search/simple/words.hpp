// How traces and broken rules of engine `simple` name what they tell of.
#pragma once

#include "base/types.hpp"

#include <string>

namespace pmmc::simple::search {

inline std::string in_slot(slot_num slot) { return " in slot " + std::to_string(slot); }

inline std::string quoted(const command& value) {
  return value.is_noop() ? "the no-op" : "\"" + std::string{value.bytes()} + "\"";
}

} // namespace pmmc::simple::search
