#include "caf/bounded_connect.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <caf/all.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/protocol.hpp>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc {

namespace {

namespace network = caf::io::network;
using boost::asio::ip::tcp;

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
int connect_to(const tcp::endpoint& to, std::chrono::milliseconds time) {
  const int fd =
      ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0)
    return -1;
  if (::connect(fd, to.data(), static_cast<socklen_t>(to.size())) == 0 ||
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
    boost::system::error_code error; // it is an address, no name
    const tcp::endpoint to{boost::asio::ip::make_address(found->first, error), port};
    if (const int fd = error ? -1 : connect_to(to, time); fd >= 0)
      return fd;
  }
  return caf::make_error(caf::sec::cannot_connect_to_node, host, port);
}

} // namespace pmmc
