// What the HTTP port shows that only the command line knows how to say. Free of CAF.
#pragma once

#include "http/metrics_text.hpp"
#include "http/process_report.hpp"
#include "node/probe.hpp"

#include <functional>
#include <string>

namespace pmmc {

struct http_pages {
  build_labels build;
  std::string version; ///< JSON
  /// JSON. `cluster`: as `probe` gives it. Any thread, one at a time.
  std::function<std::string(const probed_cluster& cluster, const process_report& own)> status;
};

} // namespace pmmc
