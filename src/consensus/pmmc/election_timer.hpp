// When a leader runs for office (paper, section 3).
#pragma once

#include "base/random.hpp"
#include "consensus/pmmc/aimd_timeout.hpp"

#include <cstdint>

namespace pmmc {

/// A leader that is out of office waits until a tick comes, and each sign of another active leader
/// puts that off. All waiting times are jittered, so that two leaders seldom run at once.
/// Single-threaded; ticks are the leader's own.
class election_timer {
public:
  struct settings {
    std::uint64_t seed = 0;
    aimd_timeout::limits timeout = {};
    unsigned ping_ticks = 5;
    unsigned start_ticks = 10; ///< time for an active leader to show itself
  };

  /// As after a start: an active leader is given the time to show itself.
  explicit election_timer(settings options);

  /// A ballot was adopted, or a slot decided: the timeout shrinks.
  void succeeded() { timeout_.decrease(); }
  /// The timeout grows.
  void preempted() { timeout_.increase(); }
  /// Another leader is watched from now on, or none.
  void watch_anew() { watched_is_down_ = false; }
  /// The connection to it is broken: it is waited for a few pings only.
  void watched_is_down(std::uint64_t tick);
  /// There was a sign of an active leader, or reason to believe in one: the timeout begins anew.
  void put_off(std::uint64_t tick);
  /// An active leader is given the time to show itself, at least.
  void wait_for_active_leader(std::uint64_t tick);
  /// The same as after a start, whatever was waited for.
  void restart(std::uint64_t tick);
  /// The active leader is to be relieved: a few pings are enough.
  void hasten(std::uint64_t tick);

  bool has_expired(std::uint64_t tick) const { return tick >= due_tick_; }
  /// When it expires, if nothing happens.
  std::uint64_t due_tick() const { return due_tick_; }
  unsigned timeout_ticks() const { return timeout_.ticks(); }

private:
  std::uint64_t start_ticks() { return options_.start_ticks + random_.below(options_.start_ticks); }

  settings options_;
  random_source random_;
  aimd_timeout timeout_;
  std::uint64_t due_tick_;
  bool watched_is_down_ = false; ///< no connection to the leader that is watched

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
