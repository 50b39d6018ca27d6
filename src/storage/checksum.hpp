// Checksums of everything that this layer writes: XXH3, 64 bits, the same on every machine.
#pragma once

#include "storage/byte_pieces.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace pmmc::storage {

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed = 0);
/// That of the pieces behind each other.
std::uint64_t checksum(byte_pieces pieces, std::uint64_t seed = 0);

/// The checksum of bytes that come one after the other.
class running_checksum {
public:
  explicit running_checksum(std::uint64_t seed = 0);
  ~running_checksum();
  running_checksum(const running_checksum&) = delete;
  running_checksum& operator=(const running_checksum&) = delete;

  void add(std::string_view bytes);
  std::uint64_t value() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace pmmc::storage
