// A small HTTP/1.1 server for status and metrics: GET and HEAD, answers from memory. Boost.Beast
// parses and writes; what is here are the limits that keep any client from costing more than a
// known amount of memory and time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace pmmc::http {

struct request {
  std::string path; ///< "/metrics"; what follows a "?" is not looked at
};

struct reply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers a request, once; later calls do nothing. `make` is called in the server's thread, so
/// that rendering costs no other thread anything; if the client has gone meanwhile, never. From any
/// thread, also after the server has ended.
using respond = std::function<void(std::function<reply()> make)>;

/// Called in the server's thread; must not block.
using handler = std::function<void(const request&, respond)>;

struct limits {
  std::size_t connections =
      64; ///< one more takes the place of the one that is idle for the longest
  std::size_t header_bytes = 8 << 10;      ///< of the request line and all fields; then 431
  std::chrono::milliseconds idle{60'000};  ///< until the first byte of a request
  std::chrono::milliseconds header{5'000}; ///< from there to the end of its header; then closed
  std::chrono::milliseconds answer{5'000}; ///< for the handler; then 503
  std::chrono::milliseconds write{10'000}; ///< for the client to take the answer
};

/// what() says at which address, and why.
struct listen_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Serves in a thread of its own from construction to destruction. The destructor closes all
/// connections, whatever state they are in, and waits for nobody.
class server {
public:
  /// Listens at this address only; `host` may be a name. Throws listen_error.
  server(const std::string& host, std::uint16_t port, limits l, handler handle);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The port, where 0 was asked for.
  std::uint16_t port() const;

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace pmmc::http
