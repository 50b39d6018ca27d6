// Runs in child processes, so that a broken PMMC_INVARIANT (which aborts) or an endless loop costs
// one run and not the program. POSIX.
#pragma once

#include "sim/simulation.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <sys/types.h>

namespace pmmc::sim {

/// One run in a child process. Move-only; the child dies with this object.
class isolated_run {
public:
  /// Starts it. With `told`, everything that the run tells goes to `output()`.
  isolated_run(const scenario& s, std::uint64_t most_steps, bool told);
  ~isolated_run();
  isolated_run(isolated_run&& other) noexcept;
  isolated_run& operator=(isolated_run&&) = delete;

  /// Readable when the child is done.
  int descriptor() const { return pipe_; }
  /// Waits for the end. Whatever ends a child early becomes a `broken` of its own.
  result finish();
  /// What the child wrote. After finish().
  std::string output() const;

private:
  std::uint64_t seed_;
  int pipe_ = -1;
  pid_t child_ = -1;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> output_;
};

/// The invariant's name: what stands before the first colon.
std::string name_of(const std::string& broken);

} // namespace pmmc::sim
