// The core's only source of chance: seeded from outside, equal on every machine and compiler.
#pragma once

#include <cstdint>

namespace pmmc {

/// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  /// A number in [0, bound), 0 for bound 0. The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

private:
  std::uint64_t state_;
};

} // namespace pmmc
