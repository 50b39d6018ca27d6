// The connections of a Redis port: bytes in, requests out; replies in, bytes out. Runs on CAF's
// network thread, so it frames and nothing else.
#pragma once

#include "redis/parser.hpp"
#include "redis_messages.hpp"

#include <caf/io/all.hpp>
#include <deque>
#include <string>
#include <unordered_map>

namespace pmmc {

struct redis_limits {
  std::size_t max_connections = 20'000; ///< or its share of the descriptors (file_limit.hpp)
  /// Requests of one connection that are not answered; more are not read.
  std::size_t max_unanswered_bytes = 1 << 20;
  /// In all: unanswered requests and unfinished ones. Past it, connections that hold more than
  /// `fair_bytes` and send more are closed.
  std::size_t max_input_bytes = 256 << 20;
  std::size_t fair_bytes = 64 << 10;
  /// In all: replies that clients have not taken. Past it, the connection that holds most of them
  /// is closed.
  std::size_t max_output_bytes = 256 << 20;
  std::size_t note_drained_bytes = 256 << 10; ///< redis::front::settings::max_unsent_bytes
};

struct redis_broker_options {
  redis_limits limits;
  caf::actor port;           ///< gets redis_events
  caf::io::doorman_ptr door; ///< listens already
};

class redis_broker {
public:
  redis_broker(caf::io::broker* self, redis_broker_options options);

  caf::behavior make_behavior();

private:
  struct socket {
    caf::io::connection_handle handle;
    redis::connection_id id = 0;
    redis::parser parser;
    bool reads_much = false; ///< the larger read buffer is in use
    bool halted = false;     ///< nothing is read
    bool closing = false;    ///< nothing is understood any more
    bool shut = false;
    std::size_t unanswered = 0; ///< cost of requests
    std::size_t held = 0;       ///< of the total input: the parser and `unanswered`
    std::deque<std::string> output;
    std::size_t output_sent = 0;  ///< of the first one
    std::size_t output_bytes = 0; ///< not with CAF yet
    bool writing = false;         ///< CAF has some
    bool write_due = false;       ///< in writes_due_
    std::size_t since_drained = 0;
    bool close_when_written = false;
  };

  void accept(const caf::io::new_connection_msg& m);
  void take_data(caf::io::new_data_msg& m);
  void written(const caf::io::data_transferred_msg& m);
  void gone(const caf::io::connection_closed_msg& m);
  void reply(redis::front_outputs::reply& r);
  void write_replies();
  void write_more(socket& s);
  void write_at_once(socket& s);
  void note_sent(socket& s, std::size_t bytes);
  void adapt_reading(socket& s, caf::io::new_data_msg& m);
  void account(socket& s);
  void refuse(socket& s, const char* why);
  void shut(socket& s);
  void shut_largest_output();
  redis_event& tell(redis_event e);

  caf::io::broker* self_;
  redis_broker_options options_;
  redis::connection_id last_id_ = 0;
  std::unordered_map<caf::io::connection_handle, socket> sockets_;
  std::unordered_map<redis::connection_id, caf::io::connection_handle> by_id_;
  std::size_t input_bytes_ = 0;
  std::size_t output_bytes_ = 0;
  std::vector<redis::connection_id> writes_due_;
  redis_events events_;
  bool flush_due_ = false;
};

caf::behavior redis_broker_actor(caf::io::broker* self,
                                 std::shared_ptr<redis_broker_options> options);

} // namespace pmmc
