#include "target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace pmmc::fuzz {

namespace {

std::vector<const target*>& registered() {
  static std::vector<const target*> targets;
  return targets;
}

} // namespace

target::target(std::string_view its_name, std::function<void(std::string_view)> its_try,
               std::function<std::vector<std::string>()> its_seeds)
    : name(its_name), try_bytes(std::move(its_try)), seeds(std::move(its_seeds)) {
  registered().push_back(this);
}

std::vector<const target*> all_targets() {
  auto targets = registered();
  std::sort(targets.begin(), targets.end(), [](auto* a, auto* b) { return a->name < b->name; });
  return targets;
}

const target* find_target(std::string_view name) {
  for (const auto* t : registered())
    if (t->name == name)
      return t;
  return nullptr;
}

void demand(bool holds, std::string_view promise) {
  if (holds)
    return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

const std::string& scratch_directory() {
  // Never destroyed: remove_scratch_directory runs when the process ends.
  static const auto& path = *new std::string{[] {
    const std::string root = ::access("/dev/shm", W_OK) == 0
                                 ? "/dev/shm"
                                 : std::filesystem::temp_directory_path().string();
    const auto name = root + "/pmmc-fuzz-" + std::to_string(::getpid());
    std::filesystem::create_directory(name);
    return name;
  }()};
  return path;
}

std::string scratch_file(const std::string& name, std::string_view bytes) {
  auto path = scratch_directory() + "/" + name;
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  demand(static_cast<bool>(out.flush()), "the scratch directory can be written to");
  return path;
}

void remove_scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_directory(), ignored);
}

std::size_t choices::below(std::size_t bound) {
  std::size_t value = 0;
  for (std::size_t range = 1; range < bound && !rest_.empty(); range *= 256) {
    value = value * 256 + static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
  }
  return bound == 0 ? 0 : value % bound;
}

std::string_view choices::piece(std::size_t at_most) {
  const auto taken = rest_.substr(0, at_most);
  rest_.remove_prefix(taken.size());
  return taken;
}

} // namespace pmmc::fuzz
