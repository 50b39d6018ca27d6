// "HOST:PORT" addresses, as config files and the command line write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::config {

/// Where a process listens. `host` is a name, an IPv4 or an IPv6 address without brackets.
struct address {
  std::string host;
  std::uint16_t port = 0; ///< 1 to 65535

  friend bool operator==(const address&, const address&) = default;
};

/// Reads "HOST:PORT" or "[IPV6]:PORT". On failure returns nothing and says in `error` what is wrong
/// and what would be right.
std::optional<address> parse_address(std::string_view text, std::string& error);

/// The inverse of parse_address.
std::string to_string(const address& a);

/// Whether `host` means "every interface of this machine", which nobody can connect to.
bool is_wildcard(std::string_view host);

/// `host` in lower case, with the names of the local machine made one: equal for hosts that are
/// certainly the same. No name is looked up.
std::string canonical_host(std::string_view host);

} // namespace pmmc::config
