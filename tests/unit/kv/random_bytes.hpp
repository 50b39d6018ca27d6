// Seeded random data for the tests of this folder.
#pragma once

#include <random>
#include <string>

namespace pmmc::testing {

/// One seed for the whole run, so that a failure's message is all that is needed to repeat it.
inline constexpr std::uint64_t seed = 20150217;

inline std::string random_bytes(std::mt19937_64& random, std::size_t at_most) {
  std::string bytes(random() % (at_most + 1), '\0');
  for (char& c : bytes)
    c = static_cast<char>(random());
  return bytes;
}

/// `bytes` with a few of them changed, removed or added.
inline std::string damaged(std::mt19937_64& random, std::string bytes) {
  for (auto left = random() % 4 + 1; left > 0; --left) {
    auto at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 3) {
    case 0:
      bytes.insert(at, 1, static_cast<char>(random()));
      break;
    case 1:
      bytes.resize(at);
      break;
    default:
      if (!bytes.empty())
        bytes[at] = static_cast<char>(random());
    }
  }
  return bytes;
}

} // namespace pmmc::testing
