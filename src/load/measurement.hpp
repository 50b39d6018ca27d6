// One measurement: a load that runs, the servers looked at before and after, and the report.
#pragma once

#include "load/processes.hpp"
#include "load/recorder.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::load {

struct server_process {
  std::string name; ///< its address, for people
  std::optional<pid_t> pid;
  std::string why_no_pid;
  std::string http; ///< the address of its page of metrics; empty: it has none
};

/// What to look at beside the answers.
struct servers {
  std::vector<server_process> processes;
  /// The next slot to be performed; nothing if nobody could say.
  std::function<std::optional<std::uint64_t>()> next_slot;

  /// A process found by where it listens.
  static server_process listening_at(const std::string& address, const std::string& http = {});
  /// A process of this number.
  static server_process numbered(pid_t pid);
};

/// What the servers had done at some time.
struct server_look {
  clock::time_point at;
  std::uint64_t good = 0;                         ///< operations, as the recorder has them
  std::vector<std::optional<server_usage>> usage; ///< by process
  std::optional<metric_sums> metrics;             ///< of all processes together
  std::string why_no_metrics;
  std::optional<std::uint64_t> next_slot;
};

struct measurement {
  plan what;
  double seconds = 0; ///< measured
  recorder::results results;
  servers asked;
  std::vector<std::optional<server_usage>> at_rest; ///< before the load
  server_look before, after;
};

/// Thrown by measure if the load does not begin.
struct no_answers : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Waits for the load to begin, lets it warm up and run, then calls `stop`, which ends it and waits
/// for what is under way.
measurement measure(const plan& p, recorder& r, const servers& asked,
                    std::vector<std::optional<server_usage>> at_rest,
                    const std::function<void()>& stop);

std::vector<std::optional<server_usage>> usage_of_all(const servers& asked);

} // namespace pmmc::load
