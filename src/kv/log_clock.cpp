#include "kv/log_clock.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace pmmc::kv {

namespace {

/// Sums of such times fit into 64 bits; other processes may say anything.
constexpr std::int64_t last_wall_ms = std::int64_t{1} << 60;

} // namespace

void replica_clocks::set_replicas(std::vector<role_id> replicas) {
  replicas_ = std::move(replicas);
  std::erase_if(heard_, [this](const auto& entry) {
    return std::find(replicas_.begin(), replicas_.end(), entry.first) == replicas_.end();
  });
}

void replica_clocks::heard(const role_id& replica, std::int64_t wall_ms, std::int64_t steady_ms) {
  if (wall_ms < 0 || wall_ms > last_wall_ms)
    return;
  if (std::find(replicas_.begin(), replicas_.end(), replica) != replicas_.end())
    heard_[replica] = {wall_ms, steady_ms};
}

/// What the clock says now, if it goes on as it was.
std::optional<std::int64_t> replica_clocks::reading(const role_id& replica,
                                                    std::int64_t steady_ms) const {
  const auto it = heard_.find(replica);
  if (it == heard_.end())
    return std::nullopt;
  const auto age = steady_ms - it->second.steady_ms;
  if (age > max_reading_age_ms)
    return std::nullopt;
  return it->second.wall_ms + age;
}

std::optional<std::int64_t> replica_clocks::agreed_ms(std::int64_t steady_ms) const {
  std::vector<std::int64_t> readings;
  for (const auto& replica : replicas_)
    if (const auto r = reading(replica, steady_ms))
      readings.push_back(*r);
  const auto majority = replicas_.size() / 2 + 1;
  if (readings.size() < majority)
    return std::nullopt;
  std::sort(readings.begin(), readings.end(), std::greater<>{});
  return readings[majority - 1];
}

std::optional<std::int64_t> replica_clocks::skew_ms(const role_id& replica,
                                                    std::int64_t steady_ms) const {
  const auto own = reading(replica, steady_ms);
  const auto agreed = agreed_ms(steady_ms);
  if (!own || !agreed)
    return std::nullopt;
  return *own - *agreed;
}

void log_clock::agreed(std::int64_t wall_ms, std::int64_t steady_ms) {
  agreed_ = moment_here{wall_ms, steady_ms};
}

std::optional<log_time> log_clock::read(const moment_here& own) const {
  if (!agreed_)
    return std::nullopt;
  const auto age = own.steady_ms - agreed_->steady_ms;
  const auto now = agreed_->wall_ms + age;
  auto time = own.wall_ms;
  const bool fresh = age <= max_reading_age_ms; // or the steady clock alone might go ahead
  if (time > now + max_clock_skew_ms || (fresh && time < now - max_clock_skew_ms))
    time = now; // refused
  return static_cast<log_time>(std::max<std::int64_t>(time, 0));
}

} // namespace pmmc::kv
