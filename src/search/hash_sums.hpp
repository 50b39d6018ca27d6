// How states are told apart: by the sums of their parts' hashes, one for each way to rename the
// processes. Messages form a set, so that their order does not count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pmmc::search {

template <std::size_t Most>
void add(std::array<std::uint64_t, Most>& sums, const std::array<std::uint64_t, Most>& part,
         unsigned renamings) {
  for (unsigned r = 0; r < renamings; ++r)
    sums[r] += part[r];
}

template <std::size_t Most>
void subtract(std::array<std::uint64_t, Most>& sums, const std::array<std::uint64_t, Most>& part,
              unsigned renamings) {
  for (unsigned r = 0; r < renamings; ++r)
    sums[r] -= part[r];
}

/// The last step of splitmix64 (see random.hpp): a bijection without pattern.
inline std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// Equal for states that differ in the processes' names only. Never 0.
template <std::size_t Most>
std::uint64_t canonical_hash(const std::array<std::uint64_t, Most>& sums, unsigned renamings) {
  std::uint64_t all = 0;
  for (unsigned r = 0; r < renamings; ++r)
    all += mixed(sums[r]);
  all = mixed(all);
  return all == 0 ? 1 : all;
}

/// How many states share the canonical hash by having other names.
template <std::size_t Most>
unsigned orbit_size(const std::array<std::uint64_t, Most>& sums, unsigned renamings) {
  unsigned same = 0;
  for (unsigned r = 0; r < renamings; ++r)
    same += sums[r] == sums[0];
  return renamings / same;
}

} // namespace pmmc::search
