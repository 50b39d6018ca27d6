// A running hash over bytes, for comparing what processes have done; no defence against anybody who
// wants it to collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace pmmc {

inline std::uint64_t digest_of(std::uint64_t before, std::uint64_t value) {
  const auto mixed = (before ^ value) * 0x9E3779B97F4A7C15ULL;
  return (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL;
}

/// Eight bytes at a time, the same on every machine.
inline std::uint64_t digest_of(std::uint64_t before, std::string_view bytes) {
  auto digest = digest_of(before, bytes.size());
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const auto count = bytes.size() < 8 ? bytes.size() : 8;
    for (std::size_t i = 0; i < count; ++i)
      word |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
    digest = digest_of(digest ^ (digest >> 32), word);
    bytes.remove_prefix(count);
  }
  return digest;
}

} // namespace pmmc
