// Damages the files of a voter: it comes back with exactly what it acknowledged, or not at all.
#pragma once

#include "log_fixture.hpp"
#include "scratch.hpp"

#include <random>

namespace scratch {

struct outcome {
  bool refused = false;
  bool exact = false;
  std::string error;
};

/// Opens a directory, and tells whether it holds what was acknowledged.
using reopening = std::function<outcome(const fs::path& dir)>;

/// Damages a copy of `original` and demands one of the two legal outcomes. Returns whether refused.
inline bool survives(const fs::path& original, const reopening& reopen, const std::string& what,
                     const std::function<void(const fs::path&)>& damage) {
  directory tmp;
  const auto copy = tmp / original.filename().string();
  fs::copy(original, copy, fs::copy_options::recursive);
  damage(copy);
  const auto result = reopen(copy);
  CHECK_MESSAGE((result.refused || result.exact), what);
  if (result.refused) {
    INFO(what << ": " << result.error);
    CHECK(contains(result.error, "; ")); // says what to do next
    CHECK(reopen(copy).refused);         // and does not come round
  }
  return result.refused;
}

/// How many of the damages of each sort were refused, to show that the tests bite.
struct damage_tally {
  int deleted = 0;
  int truncated = 0;
  int flipped = 0;
};

inline damage_tally damage_everything(const fs::path& original, const reopening& reopen) {
  std::mt19937_64 random{7};
  damage_tally refused;
  for (const auto& file : files_in(original)) {
    const auto name = file.string();
    // Zeros at the end are room for records to come.
    const auto size = used_bytes(original / file);
    refused.deleted += survives(original, reopen, "deleted " + name,
                                [&](const fs::path& copy) { fs::remove(copy / file); });
    for (const auto keep : {size * 0, size / 2, size - std::min<std::uintmax_t>(size, 1)})
      refused.truncated +=
          survives(original, reopen, "truncated " + name + " to " + std::to_string(keep),
                   [&](const fs::path& copy) { fs::resize_file(copy / file, keep); });
    for (int i = 0; i < 12 && size > 0; ++i) {
      const auto offset = i == 11 ? size - 1 : random() % size;
      refused.flipped +=
          survives(original, reopen, "flipped a bit of " + name + " at " + std::to_string(offset),
                   [&](const fs::path& copy) {
                     auto bytes = contents(copy / file);
                     bytes[offset] = static_cast<char>(bytes[offset] ^ 1 << i % 8);
                     overwrite(copy / file, bytes);
                   });
    }
  }
  return refused;
}

} // namespace scratch
