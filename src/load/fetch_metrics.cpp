#include "load/processes.hpp"

#include <utility> // Boost 1.74's awaitable.hpp forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace pmmc::load {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::chrono::seconds patience{2};

asio::awaitable<std::string> get(const std::string& host, const std::string& port) {
  beast::tcp_stream stream{co_await asio::this_coro::executor};
  asio::ip::tcp::resolver resolver{stream.get_executor()};
  stream.expires_after(patience);
  co_await stream.async_connect(co_await resolver.async_resolve(host, port, asio::use_awaitable),
                                asio::use_awaitable);
  http::request<http::empty_body> request{http::verb::get, "/metrics", 11};
  request.set(http::field::host, host);
  request.keep_alive(false);
  co_await http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(stream, buffer, response, asio::use_awaitable);
  if (response.result() != http::status::ok)
    throw std::runtime_error{"HTTP status " + std::to_string(response.result_int())};
  co_return response.body();
}

} // namespace

std::optional<metric_sums> fetch_metrics(const std::string& address, std::string& why) {
  const auto colon = address.rfind(':');
  asio::io_context io;
  auto page = asio::co_spawn(io, get(address.substr(0, colon), address.substr(colon + 1)),
                             asio::use_future);
  io.run();
  try {
    return parse_metrics(page.get());
  } catch (const std::exception& e) {
    why = "http://" + address + "/metrics: " + e.what();
    return std::nullopt;
  }
}

} // namespace pmmc::load
