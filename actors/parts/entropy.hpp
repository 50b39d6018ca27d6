// Where the seeds come from. The core has no chance of its own.
#pragma once

#include <cstdint>
#include <random>

namespace pmmc {

/// 64 bits from the operating system.
inline std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace pmmc
