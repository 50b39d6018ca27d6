// What a process is started with.
#pragma once

#include "config/cluster_file.hpp"
#include "http/http_pages.hpp"
#include "node/log_settings.hpp"
#include "service/state_machine.hpp"

#include <functional>
#include <memory>

namespace pmmc {

using state_machine_factory = std::function<std::unique_ptr<state_machine>()>;

struct start_options {
  config::process process; ///< which roles, and where to listen
  bool rejoins = false;    ///< they were removed once, and are to be added again
  log_settings log;
  http_pages pages; ///< for the HTTP port, if the config file gives the process one
};

} // namespace pmmc
