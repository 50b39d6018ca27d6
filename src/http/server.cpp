#include "http/server.hpp"

#include "http/connection.hpp"

#include <algorithm>
#include <thread>

namespace pmmc::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// After accept() has failed, as it does when the process has no file descriptor left.
constexpr std::chrono::milliseconds accept_pause{100};

tcp::acceptor listen(asio::io_context& io, const std::string& host, std::uint16_t port) {
  const auto where = host + ":" + std::to_string(port);
  boost::system::error_code error;
  tcp::resolver resolver{io};
  const auto found = resolver.resolve(host, std::to_string(port), error);
  if (error)
    throw listen_error{"cannot listen at " + where + ": " + error.message()};
  const auto endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor{io};
  acceptor.open(endpoint.protocol(), error);
  if (!error)
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error)
    acceptor.bind(endpoint, error);
  if (!error)
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    throw listen_error{"cannot listen at " + where + ": " + error.message()};
  return acceptor;
}

} // namespace

struct server::implementation {
  implementation(const std::string& host, std::uint16_t port, limits l, handler handle)
      : io(std::make_shared<asio::io_context>(1)), acceptor(listen(*io, host, port)), pause(*io),
        all(std::make_shared<shared>(shared{io, l, std::move(handle)})) {
    accept();
    thread = std::thread{[this] { io->run(); }};
  }

  ~implementation() {
    io->stop();
    thread.join();
  }

  void accept();
  bool make_room();

  std::shared_ptr<asio::io_context> io;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<shared> all;
  std::thread thread;
};

void server::implementation::accept() {
  acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error) {
      pause.expires_after(accept_pause);
      pause.async_wait([this](boost::system::error_code) { accept(); });
      return;
    }
    if (make_room())
      std::make_shared<connection>(std::move(socket), all)->start();
    accept();
  });
}

/// Somebody who holds many connections and says nothing must not keep others out. If all of them
/// are being answered, which ends in bounded time, the new one has to come again.
bool server::implementation::make_room() {
  if (all->open.size() < all->limit.connections)
    return true;
  for (const auto& weak : all->open)
    if (const auto oldest = weak.lock(); oldest && !oldest->is_answering()) {
      oldest->close();
      return true;
    }
  return false;
}

server::server(const std::string& host, std::uint16_t port, limits l, handler handle)
    : implementation_(std::make_unique<implementation>(host, port, l, std::move(handle))) {}

server::~server() = default;

std::uint16_t server::port() const { return implementation_->acceptor.local_endpoint().port(); }

} // namespace pmmc::http
