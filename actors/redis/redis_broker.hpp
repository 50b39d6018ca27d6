// The sockets of a Redis port, for redis::broker, which decides what is done with them. Runs on
// CAF's network thread, so it frames and nothing else.
#pragma once

#include "redis/broker.hpp"
#include "redis/redis_messages.hpp"

#include <caf/io/all.hpp>
#include <memory>

namespace pmmc {

struct redis_broker_options {
  redis::broker_limits limits; ///< of connections, at most the share of the descriptors is used
  caf::actor port;             ///< gets redis_events
  caf::io::doorman_ptr door;   ///< listens already
};

class redis_broker final : redis::sockets {
public:
  redis_broker(caf::io::broker* self, redis_broker_options options);

  caf::behavior make_behavior();

private:
  std::size_t write(redis::socket_number to, std::span<const std::string_view> pieces) override;
  void queue(redis::socket_number to, std::string_view bytes) override;
  void flush(redis::socket_number to) override;
  void halt(redis::socket_number from) override;
  void resume(redis::socket_number from) override;
  void read_at_most(redis::socket_number from, std::size_t bytes) override;
  void shut(redis::socket_number which, const redis::ending& e) override;

  void accept(const caf::io::new_connection_msg& m);
  void look();
  void tell_later();

  caf::io::broker* self_;
  redis_broker_options options_;
  redis::broker core_;
  caf::io::new_data_msg* receiving_ = nullptr; ///< what is being handled
  bool flush_due_ = false;
};

caf::behavior redis_broker_actor(caf::io::broker* self,
                                 std::shared_ptr<redis_broker_options> options);

} // namespace pmmc
