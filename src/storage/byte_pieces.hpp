// Bytes that lie in several places, and go to the disk one behind the other.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pmmc::storage {

using byte_pieces = std::span<const std::string_view>;

inline std::size_t size_of(byte_pieces pieces) {
  std::size_t bytes = 0;
  for (const auto piece : pieces)
    bytes += piece.size();
  return bytes;
}

} // namespace pmmc::storage
