// One connection of the HTTP server. Internal.
#pragma once

#include "http/server.hpp"

#include <utility> // Boost 1.74's awaitable.hpp forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <memory>
#include <optional>

namespace pmmc::http {

class connection;
/// Connections that are open, the one that has done nothing for the longest time first.
using connection_list = std::list<std::weak_ptr<connection>>;

/// What the connections of a server share. One thread uses it.
struct shared {
  std::weak_ptr<boost::asio::io_context> io; ///< answers may come when the server has ended
  limits limit;
  handler handle;
  connection_list open = {};
};

/// Reads a request, has it answered, and begins again. Lives as long as something is under way.
class connection : public std::enable_shared_from_this<connection> {
public:
  connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<shared> all);
  ~connection();

  void start();
  void close();
  /// Whether a request is being answered.
  bool is_answering() const { return answering_; }

private:
  using string_response = boost::beast::http::response<boost::beast::http::string_body>;
  using empty_response = boost::beast::http::response<boost::beast::http::empty_body>;

  void leave();
  void await_request();
  void read_header();
  void header_read(boost::beast::error_code error);
  void answer();
  void answer_with(reply r);
  template <class Response>
  void write(std::shared_ptr<Response> response);
  void refuse(unsigned status, const std::string& why);
  void linger(std::size_t bytes_left);

  std::shared_ptr<shared> all_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer answer_timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  connection_list::iterator place_;
  std::uint64_t request_number_ = 0; ///< an answer to an earlier request comes too late
  bool answering_ = false;
  bool keep_alive_ = false;
  bool head_ = false;
};

} // namespace pmmc::http
