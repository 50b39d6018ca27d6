// Why a host name is of no use, or a port cannot be listened at: CAF says neither. These may block,
// for as long as the resolver takes.
#pragma once

#include "config/address.hpp"

#include <string>

namespace pmmc {

/// "" if it resolves.
std::string why_unresolved(const std::string& host);

/// Why nobody could listen there now, and what to do.
std::string why_cannot_listen(const config::address& where);

} // namespace pmmc
