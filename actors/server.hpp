// A process that hosts roles (`pmmc start`).
#pragma once

#include "cluster_facts.hpp"
#include "config/cluster_file.hpp"
#include "http/http_pages.hpp"
#include "log_settings.hpp"
#include "state_machine.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>

namespace pmmc {

using state_machine_factory = std::function<std::unique_ptr<state_machine>()>;

/// A process cannot start; what() says why and what to do.
struct start_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a cluster began.
struct founding {
  cluster_facts facts;
  bool is_known = true; ///< false: there is no such cluster yet
};

/// That of the cluster, if a data directory on this machine or a process that can be reached tells
/// it: whoever is formatted now joins that one. Otherwise this config file founds a cluster. Throws
/// start_error if this program, whose state machine is called `machine`, cannot join it.
founding find_founding(const config::cluster_file& cluster, std::string_view machine,
                       std::chrono::milliseconds timeout);

/// Formats the data directory of one role. Throws storage_error.
void format_role(const config::cluster_file& cluster, const config::role& role,
                 const founding& origin);

struct start_options {
  config::process process; ///< which roles, and where to listen
  bool rejoins = false;    ///< they were removed once, and are to be added again
  log_settings log;
  http_pages pages; ///< for the HTTP port, if the config file gives the process one
};

/// SIGTERM, SIGINT and SIGHUP that come from now on wait for `serve`. Call it first, in the main
/// thread, before there are others.
void hold_signals();

/// Opens the data directories, starts the roles, prints "ready ID…" on stdout, and runs until
/// SIGTERM, SIGINT or the end of its terminal; then stops them and ends the process with exit code
/// 0. Throws start_error or storage_error if it cannot start. Call it in the main thread.
[[noreturn]] void serve(const config::cluster_file& cluster, const start_options& options,
                        const state_machine_factory& make_machine);

} // namespace pmmc
