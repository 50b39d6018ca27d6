// Whether a process of this machine can listen at an address (`pmmc up`).
#pragma once

#include <string>

namespace pmmc::cli {

/// `address`: "HOST:PORT". Empty if one of the host's addresses is this machine's; else why not, as
/// the end of a sentence about it. The port does not matter. Blocks while a name is looked up.
std::string why_not_of_this_machine(const std::string& address);

} // namespace pmmc::cli
