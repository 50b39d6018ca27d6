// The cluster as JSON, as `pmmc status --json`, `config --json` and `fingerprint --json` print it,
// /status shows it, and PMMC STATUS, CONFIG and FINGERPRINT answer. Free of CAF.
#pragma once

#include "http/process_report.hpp"
#include "node/probe.hpp"

#include <string>

namespace pmmc {

// All in one line unless `indent` is 0 or more.

std::string status_json(const probed_cluster& cluster, int indent = -1);
/// What /status shows: this process, and the cluster as above, with the reason if it is unhealthy.
std::string status_page(const probed_cluster& cluster, const process_report& own);
/// The configurations in force and pending. Precondition: there is a furthest_replica.
std::string config_json(const probed_cluster& cluster, int indent = -1);
std::string fingerprint_json(const probed_cluster& cluster, int indent = -1);

/// 16 hexadecimal digits.
std::string fingerprint_text(std::uint64_t fingerprint);

} // namespace pmmc
