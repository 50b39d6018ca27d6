// src/http: a real server on a loopback port, and a client that sends any bytes.
#include "target.hpp"

#include "http/server.hpp"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc::fuzz {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view good_request =
    "GET /well HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

http::server& shared_server() {
  static http::server server{
      "127.0.0.1",
      0,
      {.connections = 8, .header_bytes = 1'024, .idle = 2s, .header = 2s},
      [](const http::request& r, const http::respond& respond) {
        respond([path = r.path] { return http::reply{200, "text/plain", path}; });
      }};
  return server;
}

/// Sends all that the server takes, closes its side, and reads to the end.
std::string exchange(std::string_view bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  demand(fd >= 0, "a socket can be made");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(shared_server().port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  demand(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
         "the server takes connections");
  const linger at_once{1, 0}; // no thousands of connections in TIME_WAIT
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      break; // it has refused, and closed
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(fd, SHUT_WR);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return answer;
}

void try_http(std::string_view bytes) {
  const auto answer = exchange(bytes);
  demand(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer is HTTP, or there is none");
  if (!answer.empty()) {
    bool known = false;
    for (const auto* status : {"200", "400", "405", "413", "431"})
      known = known || answer.compare(9, 3, status) == 0;
    demand(known, "an answer has a status that is documented");
  }
  demand(exchange(good_request).ends_with("\r\n\r\n/well"), "the next client is served");
}

const target http_server{
    "http_server", try_http, [] {
      return std::vector<std::string>{
          std::string{good_request},
          "HEAD /metrics?x=1 HTTP/1.1\r\n\r\n",
          "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
          "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
          "GET / HTTP/1.1\r\nA: b\r\n c\r\nExpect: 100-continue\r\nUpgrade: h2c\r\n\r\n"};
    }};

} // namespace

} // namespace pmmc::fuzz
