#include "scratch.hpp"

#include <limits>

using namespace pmmc::storage;

namespace {

std::string read(const scratch::fs::path& file, std::uint64_t offset, std::size_t max_bytes) {
  return real_disk().open(file, open_for::reading)->read_at(offset, max_bytes);
}

} // namespace

TEST_CASE("posix disk: what is read takes memory for what is there, whatever the bound is") {
  const scratch::directory dir;
  const auto file = dir / "file";
  std::ofstream{file} << "abcdef";
  const auto no_bound = std::numeric_limits<std::ptrdiff_t>::max();
  CHECK(read(file, 0, no_bound) == "abcdef");
  CHECK(read(file, 4, no_bound) == "ef");
  CHECK(read(file, 6, no_bound) == "");
  CHECK(read(file, 7, no_bound) == "");
  CHECK(read(file, 1, 2) == "bc");
  CHECK(read(file, 1, 0) == "");
}
