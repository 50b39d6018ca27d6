#include "http/server.hpp"

#include <utility> // Boost 1.74's awaitable.hpp forgets it

#include <boost/asio.hpp>
#include <doctest/doctest.h>
#include <future>
#include <poll.h>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace http = pmmc::http;

namespace {

/// Answers every path with itself, but "/never", which nobody answers, "/later", which a test does,
/// and "/large".
struct echo_server {
  explicit echo_server(http::limits limits = {})
      : server(
            "127.0.0.1", 0, limits, [this](const http::request& r, const http::respond& respond) {
              if (r.path == "/later")
                later.set_value(respond);
              else if (r.path == "/large")
                respond([] { return http::reply{200, "text/plain", std::string(32 << 20, 'x')}; });
              else if (r.path != "/never")
                respond([path = r.path] { return http::reply{200, "text/plain", path}; });
            }) {}

  std::promise<http::respond> later;
  http::server server;
};

/// A client that blocks; a read that gets nothing for 10 s fails the test.
class client {
public:
  explicit client(const http::server& server) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), server.port()});
    timeval patience{10, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  /// Whether all of it could be sent.
  bool send(const std::string& text) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(text), error);
    return !error;
  }
  void get(const std::string& path, const std::string& more = {}) {
    REQUIRE(send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n"));
  }
  /// Reads one answer, header and body, by its Content-Length.
  std::string answer() {
    while (text_.find("\r\n\r\n") == std::string::npos)
      if (!read_more())
        return text_;
    const auto header = text_.find("\r\n\r\n") + 4;
    const auto field = text_.find("Content-Length: ");
    REQUIRE(field != std::string::npos);
    const auto size = header + std::stoul(text_.substr(field + 16));
    while (text_.size() < size)
      if (!read_more())
        return text_;
    auto first = text_.substr(0, size);
    text_.erase(0, size);
    return first;
  }
  /// All that comes until the other side closes.
  std::string rest() {
    while (read_more()) {
    }
    return std::exchange(text_, {});
  }
  /// Whether the other side closes, which one that does not read sees if bytes of its own are
  /// unread.
  bool is_reset() {
    pollfd ends{socket_.native_handle(), 0, 0};
    return poll(&ends, 1, 10'000) == 1 && (ends.revents & POLLERR) != 0;
  }
  /// Waits for some more of what comes; whether there is any.
  bool read_more() {
    char bytes[4096];
    const auto n = recv(socket_.native_handle(), bytes, sizeof bytes, 0);
    CHECK_MESSAGE((n >= 0 || errno == ECONNRESET), "nothing came within 10 s");
    if (n > 0)
      text_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  std::string text_;
};

bool is(const std::string& answer, const char* status) {
  return answer.starts_with(std::string{"HTTP/1.1 "} + status + " ");
}

} // namespace

TEST_CASE("http: a connection serves one request after the other") {
  echo_server s;
  client c{s.server};
  c.get("/a?b=c");
  auto answer = c.answer();
  CHECK(is(answer, "200"));
  CHECK(answer.ends_with("\r\n\r\n/a"));
  c.get("/b", "Connection: close\r\n");
  answer = c.rest();
  CHECK(is(answer, "200"));
  CHECK(answer.find("Connection: close") != std::string::npos);
}

TEST_CASE("http: pipelined requests are answered in order") {
  echo_server s;
  client c{s.server};
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
  std::thread sender{[&] { c.send(all); }};
  for (int i = 0; i < 500; ++i)
    CHECK(c.answer().ends_with("\r\n\r\n/" + std::to_string(i)));
  sender.join();
}

TEST_CASE("http: HEAD has no body, other methods are refused") {
  echo_server s;
  client c{s.server};
  c.send("HEAD /abc HTTP/1.1\r\n\r\nPOST /abc HTTP/1.1\r\n\r\n");
  const auto both = c.rest();
  CHECK(is(both, "200"));
  CHECK(both.find("Content-Length: 4\r\n") != std::string::npos);
  const auto end = both.find("\r\n\r\n") + 4;
  CHECK(is(both.substr(end), "405"));
  CHECK(both.find("Allow: GET, HEAD\r\n", end) != std::string::npos);
}

TEST_CASE("http: what is no request is refused and closed") {
  echo_server s;
  for (const auto* text : {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/3\r\n\r\n",
                           "\x16\x03\x01\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    client c{s.server};
    c.send(text);
    CHECK_MESSAGE(is(c.rest(), "400"), text);
  }
}

TEST_CASE("http: bodies are refused") {
  echo_server s;
  for (const auto* more : {"Content-Length: 3\r\n\r\nabc",
                           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    client c{s.server};
    c.send(std::string{"GET / HTTP/1.1\r\n"} + more);
    CHECK_MESSAGE(is(c.rest(), "413"), more);
  }
}

TEST_CASE("http: a header within its limit is served, one above it refused") {
  http::limits limits;
  limits.header_bytes = 1'000;
  echo_server s{limits};
  const auto of_size = [](std::size_t bytes) {
    const std::string before = "GET / HTTP/1.1\r\nA: ";
    const std::string after = "\r\n\r\n";
    return before + std::string(bytes - before.size() - after.size(), 'x') + after;
  };
  client fits{s.server};
  fits.send(of_size(900));
  CHECK(is(fits.answer(), "200"));
  client too_long{s.server};
  too_long.send(of_size(2'000));
  CHECK(is(too_long.rest(), "431"));
  client endless{s.server};
  for (int i = 0; i < 10'000 && endless.send(std::string(1'000, 'x')); ++i) {
  }
  endless.rest(); // it ends
}

TEST_CASE("http: an idle connection is closed") {
  http::limits limits;
  limits.idle = 50ms;
  echo_server s{limits};
  client c{s.server};
  CHECK(c.rest().empty());
}

TEST_CASE("http: a header must end in time, however its bytes trickle in") {
  http::limits limits;
  limits.header = 200ms;
  echo_server s{limits};
  client c{s.server};
  c.send("GET / HTTP/1.1\r\nA: ");
  std::promise<void> closed;
  std::thread trickle{[&c, end = closed.get_future()] {
    while (end.wait_for(10ms) == std::future_status::timeout && c.send("x")) {
    }
  }};
  CHECK(c.rest().empty());
  closed.set_value();
  trickle.join();
}

TEST_CASE("http: a handler that does not answer costs a 503") {
  http::limits limits;
  limits.answer = 50ms;
  echo_server s{limits};
  client c{s.server};
  c.get("/never");
  CHECK(is(c.answer(), "503"));
  c.get("/next");
  CHECK(c.answer().ends_with("/next"));
}

TEST_CASE("http: an answer that comes too late goes nowhere, a second one neither") {
  http::limits limits;
  limits.answer = 50ms;
  echo_server s{limits};
  client c{s.server};
  c.get("/later");
  CHECK(is(c.answer(), "503"));
  const auto respond = s.later.get_future().get();
  respond([]() -> http::reply { throw std::logic_error{"made in vain"}; });
  c.get("/next");
  CHECK(c.answer().ends_with("/next"));
}

TEST_CASE("http: an answer may come when the server has ended") {
  http::respond respond;
  {
    echo_server s;
    client c{s.server};
    c.get("/later");
    respond = s.later.get_future().get();
  }
  respond([]() -> http::reply { throw std::logic_error{"made in vain"}; });
}

TEST_CASE("http: one more connection takes the place of the one idle for the longest") {
  http::limits limits;
  limits.connections = 4;
  echo_server s{limits};
  std::vector<std::unique_ptr<client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<client>(s.server));
    clients.back()->get("/a");
    CHECK(is(clients.back()->answer(), "200"));
  }
  clients[0]->get("/b"); // so 1 is the oldest
  CHECK(is(clients[0]->answer(), "200"));
  client one_more{s.server};
  one_more.get("/c");
  CHECK(is(one_more.answer(), "200"));
  CHECK(clients[1]->rest().empty());
  for (const auto i : {0, 2, 3}) {
    clients[static_cast<std::size_t>(i)]->get("/d");
    CHECK(is(clients[static_cast<std::size_t>(i)]->answer(), "200"));
  }
}

TEST_CASE("http: connections that are being answered keep their places") {
  http::limits limits;
  limits.connections = 1;
  echo_server s{limits};
  client c{s.server};
  c.get("/later");
  const auto respond = s.later.get_future().get();
  client refused{s.server};
  CHECK(refused.rest().empty());
  respond([] { return http::reply{200, "text/plain", "here"}; });
  CHECK(c.answer().ends_with("here"));
}

TEST_CASE("http: a client that does not take its answer is closed") {
  http::limits limits;
  limits.write = 100ms;
  echo_server s{limits};
  client c{s.server};
  c.get("/large");
  REQUIRE(c.read_more());
  c.get("/unread");
  CHECK(c.is_reset());
}

TEST_CASE("http: ends with connections in every state") {
  auto s = std::make_unique<echo_server>();
  client idle{s->server};
  client half{s->server};
  half.send("GET / HT");
  client asked{s->server};
  asked.get("/later");
  s->later.get_future().wait();
  client reading{s->server};
  reading.get("/large");
  s.reset();
  CHECK(idle.rest().empty());
  CHECK(half.rest().empty());
  CHECK(asked.rest().empty());
  CHECK(reading.rest().size() < (32 << 20));
}

TEST_CASE("http: a taken port and an unknown host are errors that name the address") {
  echo_server s;
  const auto why = [](const std::string& host, std::uint16_t port) -> std::string {
    try {
      http::server second{host, port, {}, {}};
    } catch (const http::listen_error& e) {
      return e.what();
    }
    return "";
  };
  const auto port = s.server.port();
  CHECK(why("127.0.0.1", port) ==
        "cannot listen at 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  CHECK(why("no-such-host.invalid", 80).starts_with("cannot listen at no-such-host.invalid:80: "));
}
