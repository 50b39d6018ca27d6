// The actor that asks the roles of this process, and all processes of the cluster, on behalf of the
// HTTP port and the Redis port.
#pragma once

#include "http/process_report.hpp"
#include "node/node_messages.hpp"
#include "node/probe.hpp"

#include <caf/all.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pmmc {

using process_report_ptr = std::shared_ptr<const process_report>;
using cluster_report_ptr = std::shared_ptr<const probed_cluster>;

struct desk_settings {
  std::string cluster;            ///< its name
  std::string engine;             ///< its
  config::process process;        ///< this one
  std::vector<hosted_role> roles; ///< its roles, in the order of `process`
  caf::actor node;
  membership known; ///< before the node tells more; not empty
};

// The roles are asked after the question came, so that nobody is told less than what was true then.
// Those who wait at the same time share a report, and one begins every 100 ms at most: clients in a
// hurry cost the roles nothing.

/// `done` is called in the desk's actor, soon: let it hand the work on.
struct ask_process {
  std::function<void(process_report_ptr)> done;
};

struct ask_cluster {
  bool with_fingerprint = false;
  std::function<void(process_report_ptr, cluster_report_ptr)> done;
};

/// Desk → itself: a report is due.
struct begin_process_report {};
struct begin_cluster_report {
  bool with_fingerprint = false;
};

/// Desk → itself, when all processes of the cluster have been asked.
struct cluster_asked {
  bool with_fingerprint = false;
  cluster_report_ptr cluster;
};

/// ask_process  → done, after twice report_timeout at the latest
/// ask_cluster  → done, a little later
caf::behavior report_desk(caf::event_based_actor* self,
                          std::shared_ptr<const desk_settings> settings);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::ask_process)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::ask_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::begin_process_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::begin_cluster_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::cluster_asked)
