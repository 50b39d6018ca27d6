#include "node/clock_text.hpp"

#include "kv/log_clock.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace pmmc {

std::string skew_text(std::int64_t ms, std::string_view of) {
  const auto seconds = static_cast<double>(std::abs(ms)) / 1000;
  constexpr double minute = 60, hour = 60 * minute, day = 24 * hour;
  char text[48];
  if (seconds >= 2 * day)
    std::snprintf(text, sizeof text, "%.0f days", seconds / day);
  else if (seconds >= 2 * hour)
    std::snprintf(text, sizeof text, "%.1f hours", seconds / hour);
  else if (seconds >= 2 * minute)
    std::snprintf(text, sizeof text, "%.1f minutes", seconds / minute);
  else
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text + (ms < 0 ? " behind" : std::string{" ahead"}.append(of));
}

std::string utc_text(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  char day[40] = "", text[48];
  if (::gmtime_r(&seconds, &parts) != nullptr)
    std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(ms % 1000));
  return text;
}

bool is_wrong_clock(std::int64_t skew_ms) { return std::abs(skew_ms) > kv::max_clock_skew_ms; }

std::string clock_trouble(const clock_status& clock) {
  if (!clock.agreed || !is_wrong_clock(clock.skew_ms))
    return {};
  return "its clock is " + skew_text(clock.skew_ms) + ", so keys' deadlines ignore it";
}

} // namespace pmmc
