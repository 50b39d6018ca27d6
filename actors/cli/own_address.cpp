#include "own_address.hpp"

#include "config/address.hpp"

#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc::cli {

namespace {

/// Bound to any free port of it, and given back at once.
bool can_bind(const addrinfo& where) {
  const int s = socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol);
  if (s < 0)
    return false;
  const bool bound = bind(s, where.ai_addr, where.ai_addrlen) == 0;
  close(s);
  return bound;
}

} // namespace

std::string why_not_of_this_machine(const std::string& address) {
  std::string error;
  const auto where = config::parse_address(address, error);
  if (!where)
    return error;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(where->host.c_str(), "0", &hints, &found); code != 0)
    return "its host \"" + where->host + "\" is not known: " + gai_strerror(code);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all{found, freeaddrinfo};
  for (const auto* one = found; one != nullptr; one = one->ai_next)
    if (can_bind(*one))
      return {};
  return "its address " + address + " is not one of this machine";
}

} // namespace pmmc::cli
