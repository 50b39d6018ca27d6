// The process's log: lines on stderr, and the one way in which a role ends its process.
#pragma once

#include "node/log_settings.hpp"

#include <chrono>
#include <cstddef>
#include <spdlog/spdlog.h>
#include <string_view>

namespace pmmc {

/// Sets up the log for a process that hosts the roles `ids`.
void start_log(std::string_view ids, const log_settings& settings);

/// Sets up the log for a command that talks to a cluster: warnings, on stderr.
void start_client_log();

/// Warnings that strangers can cause: one a second, with the number of those before it.
class rare_warning {
public:
  /// Returns whether it was written.
  bool log(std::string_view text);

private:
  std::chrono::steady_clock::time_point last_logged_;
  std::size_t unlogged_ = 0;
};

/// Says why and ends the process at once: nothing more is sent or written. Whatever other threads
/// do meanwhile, the last line of the log is the reason; only if nobody takes that line within 2 s,
/// the process ends without it.
[[noreturn]] void end_process(std::string_view why, int code);
/// The same with exit code 1. For failures after which a role must not go on (a failed sync, a
/// broken invariant of an actor).
[[noreturn]] void fatal(std::string_view who, std::string_view why);

} // namespace pmmc
