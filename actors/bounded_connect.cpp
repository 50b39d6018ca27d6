#include "bounded_connect.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <caf/all.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/protocol.hpp>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc {

namespace {

namespace network = caf::io::network;

struct socket_address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// `text`: an address, no name.
std::optional<socket_address> parse(const std::string& text, std::uint16_t port,
                                    network::protocol::network kind) {
  socket_address a;
  int good = 0;
  if (kind == network::protocol::ipv6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(a.bytes);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    good = inet_pton(AF_INET6, text.c_str(), &in.sin6_addr);
    a.size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(a.bytes);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    good = inet_pton(AF_INET, text.c_str(), &in.sin_addr);
    a.size = sizeof in;
  }
  return good == 1 ? std::optional{a} : std::nullopt;
}

bool is_connected_within(std::chrono::milliseconds time, int fd) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLOUT, 0};
    const auto ready = ::poll(&waiting, 1, static_cast<int>(std::max(left.count(), 0L)));
    if (ready == 0 || (ready < 0 && errno != EINTR))
      return false;
    if (ready > 0)
      break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

/// Not blocking; -1 if there is no connection.
int connect_to(const socket_address& to, std::chrono::milliseconds time) {
  const int fd = ::socket(to.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) == 0 ||
      (errno == EINPROGRESS && is_connected_within(time, fd)))
    return fd;
  ::close(fd);
  return -1;
}

} // namespace

caf::expected<network::native_socket> connect_within(std::chrono::milliseconds time,
                                                     const std::string& host, std::uint16_t port) {
  for (const auto kind : {network::protocol::ipv6, network::protocol::ipv4}) {
    const auto found = network::interfaces::native_address(host, kind);
    if (!found || found->second != kind)
      continue;
    const auto to = parse(found->first, port, kind);
    if (const int fd = to ? connect_to(*to, time) : -1; fd >= 0)
      return fd;
  }
  return caf::make_error(caf::sec::cannot_connect_to_node, host, port);
}

} // namespace pmmc
