// Fuzz targets: everything that reads bytes from a disk, a port or a file, fed with any bytes.
// Each runs in two ways: fuzz.cpp mutates the seeds by a random source, on any compiler, in the
// usual tests; libfuzzer.cpp lets clang's libFuzzer search (scripts/fuzz).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::fuzz {

/// Constructed as a global variable of the file that defines it.
struct target {
  /// `try_bytes` must return for any bytes, in little time and memory, and ends the process by
  /// `demand` where a promise is broken. `seeds` are good inputs.
  target(std::string_view name, std::function<void(std::string_view)> try_bytes,
         std::function<std::vector<std::string>()> seeds);

  std::string_view name;
  std::function<void(std::string_view)> try_bytes;
  std::function<std::vector<std::string>()> seeds;
};

/// All of the program, by name.
std::vector<const target*> all_targets();
/// Null if there is none.
const target* find_target(std::string_view name);

/// Ends the process with abort() and `promise` on stderr if it does not hold.
void demand(bool holds, std::string_view promise);

/// A directory for the files of this process, in memory where that is possible.
const std::string& scratch_directory();
/// Writes `bytes` to a file in it, and returns its path.
std::string scratch_file(const std::string& name, std::string_view bytes);
void remove_scratch_directory();

/// Takes numbers and pieces off the front of an input, for targets that need more than bytes.
class choices {
public:
  explicit choices(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  /// [0, bound); 0 when nothing is left.
  std::size_t below(std::size_t bound);
  std::string_view piece(std::size_t at_most);
  std::string_view rest() const { return rest_; }

private:
  std::string_view rest_;
};

} // namespace pmmc::fuzz
