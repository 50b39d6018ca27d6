// What comes from Redis connections before their port takes anything.
#pragma once

#include "redis_messages.hpp"

#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

namespace pmmc {

/// Holds events from the first one of every connection on. Of a connection that closes nothing is
/// kept: the broker counts its requests among those of all until then, and not longer.
class held_redis_events {
public:
  void add(redis_events&& m) {
    for (auto& e : m.events)
      if (e.what == redis_event::kind::closed)
        by_connection_.erase(e.connection);
      else
        by_connection_[e.connection].push_back(std::move(e));
  }

  /// All that is held, each connection's in its order.
  redis_events take() {
    redis_events all;
    for (auto& [connection, events] : std::exchange(by_connection_, {}))
      std::move(events.begin(), events.end(), std::back_inserter(all.events));
    return all;
  }

  std::size_t connections() const { return by_connection_.size(); }

private:
  std::map<redis::connection_id, std::vector<redis_event>> by_connection_;
};

} // namespace pmmc
