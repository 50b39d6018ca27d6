// How JSON is written everywhere: bytes that are no UTF-8 end nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pmmc {

/// `indent`: blanks a level, or -1 for a single line. What is not UTF-8 becomes U+FFFD.
template <class Json>
std::string json_text(const Json& j, int indent = -1) {
  return j.dump(indent, ' ', false, Json::error_handler_t::replace);
}

} // namespace pmmc
