// A plan on the command line: the same for `pmmc bench` and for the loads of other systems.
#pragma once

#include "load/plan.hpp"

#include <boost/program_options.hpp>
#include <vector>

#include <sys/types.h>

namespace pmmc::load {

/// --clients, --keys, …
boost::program_options::options_description plan_options();

/// Throws boost::program_options::error if they make no sense. The timeout is the caller's.
plan plan_from(const boost::program_options::variables_map& given);

/// Of --server-pid.
std::vector<pid_t> server_pids(const boost::program_options::variables_map& given);

} // namespace pmmc::load
