// Base64 (RFC 4648, section 4), for bytes in JSON.
#pragma once

#include <string>
#include <string_view>

namespace pmmc::text {

/// With padding, on one line.
std::string base64(std::string_view bytes);

} // namespace pmmc::text
