#include "http/connection.hpp"

#include <utility>

namespace pmmc::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t read_bytes = 2'048;
/// What a client that was refused may still send, so that it gets to read why.
constexpr std::size_t linger_bytes = 256 << 10;
constexpr std::chrono::seconds linger_time{1};

} // namespace

connection::connection(asio::ip::tcp::socket socket, std::shared_ptr<shared> all)
    : all_(std::move(all)), stream_(std::move(socket)), answer_timer_(stream_.get_executor()),
      buffer_(all_->limit.header_bytes + read_bytes), place_(all_->open.end()) {}

connection::~connection() { leave(); }

void connection::leave() {
  if (place_ != all_->open.end())
    all_->open.erase(std::exchange(place_, all_->open.end()));
}

void connection::start() {
  place_ = all_->open.insert(all_->open.end(), weak_from_this());
  await_request();
}

/// All that is under way ends with an error, and with it the connection.
void connection::close() {
  leave();
  beast::error_code ignored;
  stream_.socket().close(ignored);
}

void connection::await_request() {
  if (place_ != all_->open.end())
    all_->open.splice(all_->open.end(), all_->open, place_);
  if (buffer_.size() > 0)
    return read_header();
  stream_.expires_after(all_->limit.idle);
  stream_.async_read_some(buffer_.prepare(read_bytes),
                          [self = shared_from_this()](beast::error_code error, std::size_t n) {
                            if (error)
                              return;
                            self->buffer_.commit(n);
                            self->read_header();
                          });
}

/// The deadline is for the header as a whole, so that a byte now and then does not help.
void connection::read_header() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(all_->limit.header_bytes));
  stream_.expires_after(all_->limit.header);
  beast::http::async_read(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            self->header_read(error);
                          });
}

void connection::header_read(beast::error_code error) {
  using failure = beast::http::error;
  keep_alive_ = false;
  head_ = false;
  if (error == failure::header_limit || error == failure::buffer_overflow)
    return refuse(431, "the request's header is longer than " +
                           std::to_string(all_->limit.header_bytes) + " bytes");
  if (error == failure::unexpected_body || error == failure::body_limit)
    return refuse(413, "a request here has no body");
  if (error == failure::end_of_stream ||
      (error && error.category() != make_error_code(failure::end_of_stream).category()))
    return; // it has gone, or its time was up
  if (error)
    return refuse(400, "this is not an HTTP/1 request: " + error.message());
  const auto& message = parser_->get();
  if (message.method() != beast::http::verb::get && message.method() != beast::http::verb::head)
    return refuse(405, "only GET and HEAD are served here");
  keep_alive_ = message.keep_alive();
  head_ = message.method() == beast::http::verb::head;
  answer();
}

void connection::answer() {
  answering_ = true;
  const auto number = ++request_number_;
  stream_.expires_never();
  answer_timer_.expires_after(all_->limit.answer);
  answer_timer_.async_wait([self = shared_from_this(), number](beast::error_code error) {
    if (!error && self->request_number_ == number)
      self->answer_with({503, reply{}.content_type,
                         "no answer from inside the process within " +
                             std::to_string(self->all_->limit.answer.count()) + " ms\n"});
  });
  const auto target = parser_->get().target();
  const std::string path{target.substr(0, target.find('?'))};
  all_->handle({path},
               [weak = weak_from_this(), io = all_->io, number](std::function<reply()> make) {
                 if (const auto running = io.lock())
                   asio::post(*running, [weak, number, make = std::move(make)] {
                     if (const auto self = weak.lock(); self && self->request_number_ == number)
                       self->answer_with(make());
                   });
               });
}

void connection::answer_with(reply r) {
  ++request_number_;
  answer_timer_.cancel();
  const auto prepare = [&](auto& response) {
    response.result(r.status);
    response.version(11);
    response.keep_alive(keep_alive_);
    response.set(beast::http::field::content_type, r.content_type);
    response.set(beast::http::field::cache_control, "no-store");
    if (r.status == 405)
      response.set(beast::http::field::allow, "GET, HEAD");
    response.content_length(r.body.size());
  };
  if (head_) {
    auto response = std::make_shared<empty_response>();
    prepare(*response);
    return write(std::move(response));
  }
  auto response = std::make_shared<string_response>();
  prepare(*response);
  response->body() = std::move(r.body);
  write(std::move(response));
}

template <class Response>
void connection::write(std::shared_ptr<Response> response) {
  stream_.expires_after(all_->limit.write);
  beast::http::async_write(
      stream_, *response,
      [self = shared_from_this(), response](beast::error_code error, std::size_t) {
        self->answering_ = false;
        if (error)
          return;
        if (self->keep_alive_)
          self->await_request();
        else
          self->linger(linger_bytes);
      });
}

void connection::refuse(unsigned status, const std::string& why) {
  answering_ = true;
  answer_with({status, reply{}.content_type, why + "\n"});
}

/// Closing while bytes of the client are unread would reset the connection, and the answer with it.
void connection::linger(std::size_t bytes_left) {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (bytes_left == linger_bytes)
    stream_.expires_after(linger_time);
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(read_bytes), [self = shared_from_this(), bytes_left](
                                                           beast::error_code error, std::size_t n) {
    if (!error && n < bytes_left)
      self->linger(bytes_left - n);
  });
}

} // namespace pmmc::http
