// Times, and what is wrong with clocks, in words. Free of CAF.
#pragma once

#include "node/status_messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pmmc {

/// "400 days ahead", "12.5 s behind". `of`: goes behind "ahead", where something follows.
std::string skew_text(std::int64_t ms, std::string_view of = "");

/// "2026-11-28T15:00:00.123Z". `ms`: since 1970.
std::string utc_text(std::int64_t ms);

bool is_wrong_clock(std::int64_t skew_ms);

/// What `pmmc status` says of a replica whose process has such a clock; "" if it is right.
std::string clock_trouble(const clock_status& clock);

} // namespace pmmc
