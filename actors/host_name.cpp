#include "host_name.hpp"

#include <cerrno>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace pmmc {

namespace {

using found_addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// Null, with `why`, if it does not resolve.
found_addresses resolve(const std::string& host, const std::string& port, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    why = "the name \"" + host + "\" does not resolve: " + gai_strerror(code);
  return {found, freeaddrinfo};
}

/// 0, or errno.
int try_to_bind(const addrinfo& where) {
  const int s = socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol);
  if (s < 0)
    return errno;
  const int on = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int error = bind(s, where.ai_addr, where.ai_addrlen) == 0 ? 0 : errno;
  close(s);
  return error;
}

} // namespace

std::string why_unresolved(const std::string& host) {
  std::string why;
  resolve(host, "0", why);
  return why;
}

std::string why_cannot_listen(const config::address& where) {
  std::string why;
  const auto found = resolve(where.host, std::to_string(where.port), why);
  if (!found)
    return why + "; correct it in the config file, or make the name known on this machine";
  const int error = try_to_bind(*found);
  if (error == EADDRNOTAVAIL)
    return "it is not an address of this machine; correct it in the config file";
  return (error == 0 ? std::string{"the port could not be opened"}
                     : std::generic_category().message(error)) +
         "; is another program using the port? (`ss -ltnp` shows which)";
}

} // namespace pmmc
