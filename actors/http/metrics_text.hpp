// A process's metrics in Prometheus's text format 0.0.4. docs/METRICS.md has them all.
#pragma once

#include "http/process_report.hpp"
#include "http/process_usage.hpp"

#include <optional>
#include <string>

namespace pmmc {

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// What is known of the program itself.
struct build_labels {
  std::string version;
  std::string commit;
  std::string protocol;
};

std::string metrics_text(const process_report& r, const std::optional<process_usage>& usage,
                         const build_labels& build);

} // namespace pmmc
