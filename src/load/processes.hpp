// What the servers' processes take, as /proc says; and what their HTTP ports count.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <sys/types.h>

namespace pmmc::load {

struct server_usage {
  double cpu_seconds = 0; ///< user and system, in steps of 10 ms
  std::uint64_t resident_bytes = 0;
};

/// Nothing if there is no such process, or it may not be looked at.
std::optional<server_usage> usage_of(pid_t pid);

/// The process of this machine that listens at an IPv4 address, "HOST:PORT". Else nothing, and
/// `why` says why.
std::optional<pid_t> listener_of(const std::string& address, std::string& why);

/// The samples of a page of metrics by name, added up over their labels.
using metric_sums = std::map<std::string, double>;

/// Asks http://ADDRESS/metrics. Nothing if no page comes within two seconds; `why` says why.
std::optional<metric_sums> fetch_metrics(const std::string& address, std::string& why);

/// What is behind `fetch_metrics`.
metric_sums parse_metrics(const std::string& page);

} // namespace pmmc::load
