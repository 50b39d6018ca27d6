// The actor that asks the roles on behalf of the HTTP server.
#pragma once

#include "http/http_port.hpp"

#include <functional>
#include <memory>

namespace pmmc {

using process_report_ptr = std::shared_ptr<const process_report>;
using cluster_report_ptr = std::shared_ptr<const probed_cluster>;

/// `done` is called in the desk's actor, soon: let it hand the work on.
struct ask_process {
  std::function<void(process_report_ptr)> done;
};

struct ask_cluster {
  std::function<void(process_report_ptr, cluster_report_ptr)> done;
};

/// Desk → itself, when all processes of the cluster have been asked.
struct cluster_asked {
  cluster_report_ptr cluster;
};

/// ask_process  → done, after report_timeout at the latest
/// ask_cluster  → done, a little later
caf::behavior http_desk(caf::event_based_actor* self,
                        std::shared_ptr<const http_settings> settings);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::ask_process)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::ask_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::cluster_asked)
