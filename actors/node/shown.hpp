// What others have said, for people: never the whole of it, and never as it is.
#pragma once

#include "text/escape.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace pmmc {

/// Bytes of what a stranger has said, in the log and in memory.
inline constexpr std::size_t most_shown = 400;

inline std::string shown(std::string_view bytes, std::size_t most = most_shown) {
  return text::escape(bytes.substr(0, most));
}

} // namespace pmmc
