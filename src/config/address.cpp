#include "config/address.hpp"

#include "membership/reconfiguration.hpp"
#include "text/number.hpp"

#include <algorithm>

namespace pmmc::config {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

/// Roughly: enough to tell a typing error, not enough to know that the address exists.
bool is_ipv6(std::string_view host) {
  return host.size() >= 2 && host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

} // namespace

std::optional<address> parse_address(std::string_view text, std::string& error) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    error = "has no port; write HOST:PORT, such as 127.0.0.1:7101";
    return std::nullopt;
  }
  auto host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (bracketed ? !is_ipv6(host) : !is_host_name(host)) {
    error = host.find(':') != std::string_view::npos
                ? "is not HOST:PORT; write an IPv6 address in brackets, such as [::1]:7101"
                : "has no valid host; write HOST:PORT, such as 127.0.0.1:7101";
    return std::nullopt;
  }
  auto port = text::parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) {
    error = "has no valid port; write a number from 1 to 65535 after the colon";
    return std::nullopt;
  }
  address result{std::string{host}, *port};
  if (to_string(result).size() > max_address_bytes) {
    error = "is longer than " + std::to_string(max_address_bytes) + " bytes";
    return std::nullopt;
  }
  return result;
}

std::string to_string(const address& a) {
  bool ipv6 = a.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

bool is_wildcard(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

std::string canonical_host(std::string_view host) {
  std::string lower{host};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return lower == "localhost" || lower == "::1" ? "127.0.0.1" : lower;
}

} // namespace pmmc::config
