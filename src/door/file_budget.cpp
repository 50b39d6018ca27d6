#include "door/file_budget.hpp"

#include <algorithm>

namespace pmmc::door {

namespace {

constexpr std::size_t enough_files = 512;
constexpr std::size_t most_half_open = 256;
constexpr std::size_t most_clients = 4'096;
constexpr std::size_t most_redis = 20'000;

} // namespace

file_budget divide_files(std::size_t limit) {
  file_budget b;
  b.files = std::min(enough_files, limit / 2);
  const auto rest = limit - b.files;
  b.half_open = std::min(most_half_open, rest / 8);
  b.clients = std::min(most_clients, rest / 4);
  b.redis = std::min(most_redis, rest - b.half_open - b.clients);
  return b;
}

} // namespace pmmc::door
