#include "caf/careful_doorman.hpp"

#include "caf/network_thread.hpp"
#include "node/log.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace pmmc {

namespace network = caf::io::network;

careful_doorman::socket::socket(careful_doorman& door, network_loop& loop,
                                network::native_socket fd)
    : acceptor(loop, fd), door_(door) {}

void careful_doorman::socket::handle_event(network::operation op) { handle_event_impl(op, *this); }

bool careful_doorman::socket::try_accept(network::native_socket& accepted,
                                         network::native_socket fd) {
  accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0)
    return true;
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    spdlog::warn("accepts nobody for a moment: {}", std::strerror(errno));
    door_.rest();
  }
  return false;
}

careful_doorman::careful_doorman(network_loop& loop, network::native_socket fd)
    : doorman(network::accept_hdl_from_socket(fd)), loop_(loop), socket_(*this, loop, fd) {}

bool careful_doorman::new_connection() {
  auto connection = loop_.new_scribe(socket_.accepted_socket());
  const auto handle = connection->hdl();
  parent()->add_scribe(std::move(connection));
  return doorman::new_connection(&loop_, handle);
}

void careful_doorman::graceful_shutdown() {
  socket_.graceful_shutdown();
  detach(&loop_, false);
}

void careful_doorman::launch() { socket_.start(this); }

std::string careful_doorman::addr() const {
  auto address = network::local_addr_of_fd(socket_.fd());
  return address ? std::move(*address) : "";
}

std::uint16_t careful_doorman::port() const {
  auto port = network::local_port_of_fd(socket_.fd());
  return port ? *port : 0;
}

void careful_doorman::add_to_loop() { socket_.activate(this); }

void careful_doorman::remove_from_loop() { socket_.passivate(); }

void careful_doorman::rest() {
  remove_from_loop();
  loop_.listen_later(this);
}

} // namespace pmmc
