// What a process brings along when it starts: its config file, and its program. Which of that
// counts beside what its directories were formatted with, and what does not.
#pragma once

#include "membership/cluster_facts.hpp"

#include <string>
#include <string_view>

namespace pmmc {

/// Why a process has no part in the cluster that `formatted` is of; empty if it has. `own`: what it
/// would found a cluster with, by `config_file` and its program. WINDOW and the first members in
/// there do not count: once there are directories, theirs hold.
std::string why_other_program(const cluster_facts& formatted, const cluster_facts& own,
                              std::string_view config_file);

} // namespace pmmc
