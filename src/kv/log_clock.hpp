// Which time an operation may bring into the log: no clock is trusted, but most of the replicas'
// clocks together are.
#pragma once

#include "base/types.hpp"
#include "kv/keyspace.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pmmc::kv {

/// How far from the time that a majority agrees on a clock may be; beyond, it is refused.
inline constexpr std::int64_t max_clock_skew_ms = 10'000;
/// What a clock said longer ago than this does not count.
inline constexpr std::int64_t max_reading_age_ms = 2'000;

/// Both clocks of a process, read together.
struct moment_here {
  std::int64_t wall_ms = 0;   ///< since 1970, as the machine believes
  std::int64_t steady_ms = 0; ///< only grows; means nothing elsewhere
};

/// What the wall clocks of the replicas said last. `steady_ms` is always this process's.
class replica_clocks {
public:
  /// Whose clocks count.
  void set_replicas(std::vector<role_id> replicas);
  void heard(const role_id& replica, std::int64_t wall_ms, std::int64_t steady_ms);

  /// The latest time that the clocks of a majority of the replicas have reached, so that fewer than
  /// a majority cannot move it beyond what one of the others says. Nothing if fewer than a majority
  /// were heard of late.
  std::optional<std::int64_t> agreed_ms(std::int64_t steady_ms) const;
  /// How far a replica's clock is ahead of that (negative: behind). Nothing if either is not known.
  std::optional<std::int64_t> skew_ms(const role_id& replica, std::int64_t steady_ms) const;

private:
  std::optional<std::int64_t> reading(const role_id& replica, std::int64_t steady_ms) const;

  std::vector<role_id> replicas_;
  std::map<role_id, moment_here> heard_;
};

/// The clock that a proposer's operations carry. What a majority agreed on once goes on at the pace
/// of the own steady clock, so that expiry does not end with the majority; the own wall clock is
/// followed while it is within max_clock_skew_ms of that.
class log_clock {
public:
  /// A majority of the clocks had reached `wall_ms` at `steady_ms`.
  void agreed(std::int64_t wall_ms, std::int64_t steady_ms);
  /// Nothing before the first agreement: the log time must not be moved then.
  std::optional<log_time> read(const moment_here& own) const;

private:
  std::optional<moment_here> agreed_;
};

} // namespace pmmc::kv
