#include "node/clock_watch.hpp"

#include "node/clock_text.hpp"
#include "node/log.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

/// A log time that is further ahead than this is told of: no port can have moved it there.
constexpr auto log_time_tolerance_ms = kv::max_clock_skew_ms + kv::max_reading_age_ms;

/// Whether to say so now.
bool has_changed(auto& told, bool wrong) {
  if (wrong == told.wrong) {
    told.beats = 0;
    return false;
  }
  if (++told.beats < clock_watch::beats_until_told)
    return false;
  told = {0, wrong};
  return true;
}

} // namespace

void clock_watch::set_replicas(std::vector<member> replicas, std::set<role_id> own) {
  replicas_ = std::move(replicas);
  own_ = std::move(own);
  std::vector<role_id> ids;
  for (const auto& r : replicas_)
    ids.push_back(r.id);
  std::erase_if(told_, [&](const auto& entry) {
    return std::find(ids.begin(), ids.end(), entry.first) == ids.end();
  });
  clocks_.set_replicas(std::move(ids));
}

std::optional<std::int64_t> clock_watch::beat(const kv::moment_here& now) {
  for (const auto& id : own_)
    clocks_.heard(id, now.wall_ms, now.steady_ms);
  const auto agreed = clocks_.agreed_ms(now.steady_ms);
  if (!agreed)
    return std::nullopt;
  for (const auto& replica : replicas_)
    if (const auto skew = clocks_.skew_ms(replica.id, now.steady_ms))
      tell_of(replica, *skew);
  tell_of_log_time(*agreed);
  return agreed;
}

void clock_watch::tell_of(const member& replica, std::int64_t skew_ms) {
  if (!has_changed(told_[replica.id], is_wrong_clock(skew_ms)))
    return;
  const auto name = replica.id.str() + " (" + replica.address +
                    (own_.contains(replica.id) ? ", this process)" : ")");
  if (is_wrong_clock(skew_ms))
    spdlog::warn("the clock of {} is {} what a majority of the replicas' clocks say: beyond {} s "
                 "it is refused, and keys expire by the others'. Set that machine's clock, and see "
                 "that NTP or the like keeps it (docs/OPERATIONS.md)",
                 name, skew_text(skew_ms, " of"), kv::max_clock_skew_ms / 1000);
  else
    spdlog::info("the clock of {} is right again ({})", name, skew_text(skew_ms));
}

void clock_watch::tell_of_log_time(std::int64_t agreed_ms) {
  const auto ahead = static_cast<std::int64_t>(log_time_.value_or(0)) - agreed_ms;
  const bool wrong = ahead > log_time_tolerance_ms;
  if (!has_changed(log_time_told_, wrong))
    return;
  if (wrong)
    spdlog::warn("the log time is {} what a majority of the replicas' clocks say: no key "
                 "expires until they have come there. If they are right, `pmmc clock --set now` "
                 "brings it back (docs/OPERATIONS.md)",
                 skew_text(ahead, " of"));
  else
    spdlog::info("the log time is right again");
}

clock_status clock_watch::status(const kv::moment_here& now) const {
  clock_status s;
  if (const auto agreed = clocks_.agreed_ms(now.steady_ms)) {
    s.agreed = true;
    s.agreed_ms = *agreed;
    s.skew_ms = own_.empty() ? 0 : now.wall_ms - *agreed;
  }
  s.log_time_ms = log_time_.value_or(0);
  return s;
}

} // namespace pmmc
