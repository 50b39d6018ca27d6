// Keys, values and answers in JSON: any bytes, and JSON is text.
#pragma once

#include "text/base64.hpp"
#include "text/escape.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pmmc::cli {

/// Sets `name` if the bytes are UTF-8, else `name` with "_base64" behind it.
inline void put_bytes(nlohmann::ordered_json& object, const std::string& name,
                      std::string_view bytes) {
  if (text::is_utf8(bytes))
    object[name] = bytes;
  else
    object[name + "_base64"] = text::base64(bytes);
}

} // namespace pmmc::cli
