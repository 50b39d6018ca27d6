// A process that hosts roles (`pmmc start`).
#pragma once

#include "config/cluster_file.hpp"
#include "state_machine.hpp"

#include <functional>
#include <memory>
#include <stdexcept>

namespace pmmc {

using state_machine_factory = std::function<std::unique_ptr<state_machine>()>;

/// A process cannot start; what() says why and what to do.
struct start_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Formats the data directory of one role. Throws storage_error.
void format_role(const config::cluster_file& cluster, const config::role& role);

/// Opens the data directories, starts the roles, prints "ready ID…" on stdout, and runs until
/// SIGTERM or SIGINT; then stops them and ends the process with exit code 0. Throws start_error or
/// storage_error if it cannot start. Call it in the main thread.
[[noreturn]] void serve(const config::cluster_file& cluster, const config::process& process,
                        const state_machine_factory& make_machine);

} // namespace pmmc
