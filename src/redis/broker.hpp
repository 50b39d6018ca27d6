// The connections of a Redis port: who is let in, from whom is read, what is written when, and who
// is closed for others' room. Bytes in, requests out; replies in, bytes out.
#pragma once

#include "redis/connection_event.hpp"
#include "redis/front.hpp"
#include "redis/read_size.hpp"
#include "redis/sockets.hpp"
#include "redis/stream.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pmmc::redis {

struct broker_limits : stream_limits {
  std::size_t max_connections = 20'000;
  /// Looks in which least_taken_bytes are taken, while others wait for the room that replies take.
  unsigned max_stalled = 3;
  /// What is queued for a socket that has no room; it counts as taken. Three buffers of that size
  /// are kept for it: docs/CLIENTS.md, "Limits", has the sum.
  std::size_t max_queued_bytes = 32 << 10;
};

/// It frames and decides, and executes nothing. Single-threaded; knows no clock but `look`.
class broker {
public:
  /// That sockets::write is given.
  static constexpr std::size_t pieces_at_once = 64;

  /// Both must outlive it, and the limits stay as they are.
  broker(const broker_limits& limits, sockets& s) : limits_(limits), sockets_(s) {}

  // --- from the sockets ---

  /// False: there are too many. It is told so and closed, and nobody else hears of it.
  bool opened(socket_number n, std::string peer);
  void received(socket_number from, std::string_view bytes);
  /// All that was queued.
  void written(socket_number to);
  /// The end was read, or the connection is broken.
  void closed(socket_number n);

  // --- from the port ---

  /// Those that come together go out together.
  void reply(std::vector<front_outputs::reply> replies);
  /// About once a second, while large replies wait until others have been read.
  void room_wanted() { room_wanted_ = true; }

  /// About once a second.
  void look();

  /// For the port, those of all connections in their order.
  connection_events take_events() { return std::exchange(events_, {}); }
  bool has_events() const { return !events_.empty(); }

  /// Whether it was let in, and is not closed yet.
  bool knows(connection_id id) const { return by_id_.contains(id); }
  /// Those that it knows.
  std::size_t connections() const { return by_id_.size(); }
  /// Of all connections, as long as they are not closed.
  const stream_totals& totals() const { return totals_; }
  /// Unread replies of connections that the front counts as unread, too: see stream::is_undrained.
  std::size_t undrained_bytes() const;

private:
  struct socket {
    socket(const stream_limits& limits, stream_totals& totals) : bytes(limits, totals) {}

    socket_number number = 0;
    connection_id id = 0;
    stream bytes;
    read_size reads;
    bool halted = false; ///< nothing is read
    bool shut = false;
    bool writing = false;   ///< something is queued
    bool write_due = false; ///< in writes_due_
  };

  socket* find(connection_id id);
  void take(front_outputs::reply& r);
  void write_replies();
  void write_more(socket& s);
  void write_at_once(socket& s);
  void shut(socket& s, ending::kind why);
  bool shut_for_bound();
  connection_event& tell(connection_event e) { return events_.emplace_back(std::move(e)); }

  const broker_limits& limits_;
  sockets& sockets_;
  connection_id last_id_ = 0;
  stream_totals totals_;
  std::unordered_map<socket_number, socket> all_;
  std::unordered_map<connection_id, socket_number> by_id_; ///< those that were let in
  std::vector<connection_id> writes_due_;
  connection_events events_;
  bool room_wanted_ = false; ///< since the last look
  bool looked_ = false;      ///< a look ago
};

} // namespace pmmc::redis
