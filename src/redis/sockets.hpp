// What a Redis port's connections are made of, as redis::broker uses it: a driver's sockets.
#pragma once

#include "redis/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pmmc::redis {

/// A driver's name for a connection. It may be used again after broker::closed.
using socket_number = std::int64_t;

/// Why the port ends a connection.
struct ending {
  enum class kind : std::uint8_t {
    answered,   ///< all is written, and nothing follows
    past_bound, ///< of all unread replies
    for_room,   ///< others wait for the room that its unread replies take
  };
  kind why = kind::answered;
  connection_id connection = 0;
  std::size_t unread_bytes = 0; ///< thrown away
};

/// None of these calls the broker back before it returns.
class sockets {
public:
  virtual ~sockets() = default;

  /// Writes what goes without waiting, and returns how many bytes that were: 0 if there is no room,
  /// or if the connection is broken; that is told by broker::closed.
  virtual std::size_t write(socket_number to, std::span<const std::string_view> pieces) = 0;
  /// Keeps bytes that find no room.
  virtual void queue(socket_number to, std::string_view bytes) = 0;
  /// What is queued goes when there is room. broker::written tells that all of it has.
  virtual void flush(socket_number to) = 0;

  /// Nothing is read, and no end is seen, …
  virtual void halt(socket_number from) = 0;
  /// … until this.
  virtual void resume(socket_number from) = 0;
  /// How much is read at once, from now on: the size of the buffer.
  virtual void read_at_most(socket_number from, std::size_t bytes) = 0;

  /// Ends it in both directions, whatever its peer does; what is queued is lost. When that end is
  /// read, broker::closed tells.
  virtual void shut(socket_number which, const ending& e) = 0;
};

} // namespace pmmc::redis
