// What a process knows of the replicas' clocks, and its log's words about those that are wrong.
#pragma once

#include "kv/log_clock.hpp"
#include "node/status_messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// For the node. A clock is told to be wrong when it has been for some beats, so that a process
/// that was stopped, and hears old news when it goes on, blames nobody.
class clock_watch {
public:
  /// `own`: those of this process.
  void set_replicas(std::vector<member> replicas, std::set<role_id> own);
  void heard(const role_id& replica, std::int64_t wall_ms, std::int64_t steady_ms) {
    clocks_.heard(replica, wall_ms, steady_ms);
  }
  /// As the Redis port of this process has seen it.
  void see_log_time(kv::log_time time) { log_time_ = time; }
  /// Takes the own clock; what most of the clocks say, if that is known. Logs what has changed.
  std::optional<std::int64_t> beat(const kv::moment_here& now);
  clock_status status(const kv::moment_here& now) const;

  static constexpr unsigned beats_until_told = 5;

private:
  struct told {
    unsigned beats = 0; ///< since it is other than what was told
    bool wrong = false;
  };
  void tell_of(const member& replica, std::int64_t skew_ms);
  void tell_of_log_time(std::int64_t agreed_ms);

  kv::replica_clocks clocks_;
  std::vector<member> replicas_;
  std::set<role_id> own_;
  std::map<role_id, told> told_;
  std::optional<kv::log_time> log_time_;
  told log_time_told_;
};

} // namespace pmmc
