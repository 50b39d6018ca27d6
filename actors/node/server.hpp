// A process that hosts roles (`pmmc start`).
#pragma once

#include "node/start_error.hpp"
#include "node/start_options.hpp"

namespace pmmc {

/// SIGTERM, SIGINT and SIGHUP that come from now on wait for `serve`. Call it first, in the main
/// thread, before there are others.
void hold_signals();

/// Opens the data directories, starts the roles, prints "ready ID…" on stdout, and runs until
/// SIGTERM, SIGINT or the end of its terminal; then stops them and ends the process with exit code
/// 0. Throws start_error or storage_error if it cannot start. Call it in the main thread.
[[noreturn]] void serve(const config::cluster_file& cluster, const start_options& options,
                        const state_machine_factory& make_machine);

} // namespace pmmc
