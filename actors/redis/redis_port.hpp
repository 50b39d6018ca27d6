// The Redis port of a replica's process (`[redis]` in the cluster file).
#pragma once

#include "config/cluster_file.hpp"
#include "node/node_messages.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/shell.hpp"
#include "redis/port.hpp"
#include "redis/redis_change.hpp"
#include "redis/redis_messages.hpp"

#include <caf/all.hpp>
#include <caf/io/doorman.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pmmc {

/// The actor around redis::port: clocks, messages, and what is asked of the cluster and its desk.
class redis_port {
public:
  struct settings {
    hosted_role replica;          ///< of this process
    caf::actor node;              ///< of this process
    caf::actor desk;              ///< report_desk.hpp
    config::cluster_file cluster; ///< for PMMC RECONFIG
    membership known;             ///< at the start; the node tells what comes later
    std::string version;          ///< of pmmc
    std::uint16_t port = 0;
    std::uint64_t seed = 0;
    unsigned timeout_ticks = 500; ///< then an operation or a read is given up
  };

  redis_port(caf::event_based_actor* self, settings options);

  caf::behavior make_behavior(const drop_log& dropped);

private:
  void take(client_replies& m);
  void tick();
  void flush();
  void flush_later();
  void ask(const redis::question& q);
  void ask_desk(const redis::question& q);
  void reconfigure(const redis::question& q);
  caf::result<change_proposed> propose(propose_change& m);
  void count_acceptors(const redis::port_outputs::count& asked);
  void answer(std::uint64_t ticket, std::string_view reply);
  void answer_with_error(std::uint64_t ticket, const std::string& error);

  caf::event_based_actor* self_;
  settings options_;
  redis::port core_;
  peer_directory peers_;
  caf::actor broker_;
  std::map<std::uint64_t, caf::typed_response_promise<change_proposed>>
      proposals_; ///< by the core's ticket
  bool flush_due_ = false;
};

/// The listening socket, for the broker. Throws start_error if it cannot be had.
caf::io::doorman_ptr listen_for_redis(caf::actor_system& system, const std::string& address);

/// Spawns both actors. They go on user_shutdown: first the broker, then the port.
struct redis_actors {
  caf::actor broker;
  caf::actor port;
};
redis_actors start_redis_port(caf::actor_system& system, const std::string& address,
                              redis_port::settings options);

} // namespace pmmc
