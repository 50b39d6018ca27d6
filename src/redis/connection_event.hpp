// What happens on the connections of a Redis port, and what of it waits until the port begins.
#pragma once

#include "redis/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::redis {

/// Those of a connection come in their order.
struct connection_event {
  enum class kind : std::uint8_t {
    opened,   ///< by `peer`
    requests, ///< came
    drained,  ///< see front::drained
    closed,
  };
  kind what = kind::requests;
  connection_id connection = 0;
  std::string peer = {};
  std::vector<request> requests = {};
  std::size_t drained_bytes = 0;
};

using connection_events = std::vector<connection_event>;

/// Holds events from the first one of every connection on. Of a connection that closes nothing is
/// kept: whoever reads it counts its requests among those of all until then, and not longer.
class held_events {
public:
  void add(connection_events&& events) {
    for (auto& e : events)
      if (e.what == connection_event::kind::closed)
        by_connection_.erase(e.connection);
      else
        by_connection_[e.connection].push_back(std::move(e));
  }

  /// All that is held, each connection's in its order.
  connection_events take() {
    connection_events all;
    for (auto& [connection, events] : std::exchange(by_connection_, {}))
      std::move(events.begin(), events.end(), std::back_inserter(all));
    return all;
  }

  std::size_t connections() const { return by_connection_.size(); }

private:
  std::map<connection_id, connection_events> by_connection_;
};

} // namespace pmmc::redis
