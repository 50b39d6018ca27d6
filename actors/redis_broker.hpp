// The connections of a Redis port: bytes in, requests out; replies in, bytes out. Runs on CAF's
// network thread, so it frames and nothing else.
#pragma once

#include "redis/read_size.hpp"
#include "redis/stream.hpp"
#include "redis_messages.hpp"

#include <caf/io/all.hpp>
#include <string>
#include <unordered_map>

namespace pmmc {

struct redis_limits : redis::stream_limits {
  std::size_t max_connections = 20'000; ///< or its share of the descriptors (file_limit.hpp)
  /// Seconds in which least_taken_bytes are taken, while others wait for the room that replies
  /// take.
  unsigned max_stalled = 3;
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
    socket(const redis::stream_limits& limits, redis::stream_totals& totals)
        : bytes(limits, totals) {}

    caf::io::connection_handle handle;
    redis::connection_id id = 0;
    redis::stream bytes;
    redis::read_size reads;
    bool halted = false; ///< nothing is read
    bool shut = false;
    bool writing = false;   ///< CAF has some
    bool write_due = false; ///< in writes_due_
  };

  void accept(const caf::io::new_connection_msg& m);
  void take_data(caf::io::new_data_msg& m);
  void written(const caf::io::data_transferred_msg& m);
  void gone(const caf::io::connection_closed_msg& m);
  void reply(redis::front_outputs::reply& r);
  void write_replies();
  void write_more(socket& s);
  void write_at_once(socket& s);
  void adapt_reading(socket& s, caf::io::new_data_msg& m);
  void shut(socket& s);
  bool shut_for_room();
  void shut_unread(socket& s);
  void look();
  void give_back_buffers();
  redis_event& tell(redis_event e);

  caf::io::broker* self_;
  redis_broker_options options_;
  redis::connection_id last_id_ = 0;
  redis::stream_totals totals_;
  std::unordered_map<caf::io::connection_handle, socket> sockets_;
  std::unordered_map<redis::connection_id, caf::io::connection_handle> by_id_;
  std::vector<redis::connection_id> writes_due_;
  redis_events events_;
  bool flush_due_ = false;
  bool room_wanted_ = false; ///< in the last second
  bool looked_ = false;      ///< a second ago
};

caf::behavior redis_broker_actor(caf::io::broker* self,
                                 std::shared_ptr<redis_broker_options> options);

} // namespace pmmc
