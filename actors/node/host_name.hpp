// Host names and addresses of one's own, in words: CAF says of neither what is wrong. All of these
// may block, for as long as the resolver takes.
#pragma once

#include "config/address.hpp"

#include <string>

namespace pmmc {

/// "" if it resolves.
std::string why_unresolved(const std::string& host);

/// Empty if one of the host's addresses is this machine's; else why not, as the end of a sentence
/// about the process. The port does not matter.
std::string why_not_of_this_machine(const config::address& where);

/// Why nobody could listen there now, and what to do.
std::string why_cannot_listen(const config::address& where);

} // namespace pmmc
