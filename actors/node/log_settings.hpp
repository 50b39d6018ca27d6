// What a process writes to its log, and how (--log-level, --log-format).
#pragma once

#include <optional>
#include <string>

namespace pmmc {

struct log_settings {
  std::string level = "info"; ///< the least that is written: debug, info, warning, error
  bool json = false;          ///< a JSON object a line
};

/// `format`: "text" or "json". Nothing, and `error`, for any other word.
std::optional<log_settings> parse_log_settings(const std::string& level, const std::string& format,
                                               std::string& error);

} // namespace pmmc
