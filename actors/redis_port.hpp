// The Redis port of a replica's process (`[redis]` in the cluster file).
#pragma once

#include "client.hpp"
#include "config/cluster_file.hpp"
#include "kv/log_clock.hpp"
#include "metrics_messages.hpp"
#include "node_messages.hpp"
#include "redis/front.hpp"
#include "redis_change.hpp"
#include "redis_held.hpp"
#include "redis_messages.hpp"
#include "shell.hpp"

#include <caf/all.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc {

/// Talks to the replica of its process as a client does: one session for all connections, so their
/// operations survive it when the replica hands them on, and are executed once each. While the
/// replica is no member of the cluster, not yet or not any more, whatever needs it is refused with
/// the reason. Until the time is known, or cannot be known soon, connections wait: their first
/// commands are not to count from wherever the log time stands.
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

  caf::behavior make_behavior();

private:
  /// A WAIT that has not enough acceptors yet.
  struct waiting {
    std::uint64_t ticket = 0;
    std::int64_t wanted = 0;
    std::int64_t deadline_ms = 0; ///< by the steady clock; 0: none
    std::uint64_t query = 0;      ///< the read under way for it
  };

  void take(redis_events& m);
  void take(client_replies& m);
  void take(const clock_news& m);
  void read_clock();
  void begin();
  void expire_keys();
  void tick();
  void flush();
  void flush_later();
  void finish(client_outcome outcome);
  void ask(const redis::question& q);
  void ask_desk(const redis::question& q);
  void reconfigure(const redis::question& q);
  void learn(const membership& known);
  caf::result<change_proposed> propose(propose_change& m);
  void submit(redis::front_outputs::submission& s);
  void probe_acceptors(waiting& w);
  void count_acceptors(std::uint64_t ticket, slot_num slot);
  void answer(std::uint64_t ticket, std::string_view reply);
  void answer_with_error(std::uint64_t ticket, const std::string& error);

  caf::event_based_actor* self_;
  settings options_;
  role_id id_;
  redis::front front_;
  kv::log_clock clock_;
  bool begun_ = false;               ///< requests are taken
  held_redis_events held_;           ///< that came before
  std::optional<kv::log_time> told_; ///< the log time that the node knows
  client client_;
  peer_directory peers_;
  caf::actor broker_;
  std::unordered_map<std::uint64_t, std::uint64_t> tickets_; ///< the client's → the front's
  std::vector<waiting> waits_;
  std::string barred_;    ///< why the replica can serve nobody; empty: it can
  bool changing_ = false; ///< a PMMC RECONFIG is under way
  std::map<std::uint64_t, caf::typed_response_promise<change_proposed>>
      proposals_; ///< by the client's ticket
  std::uint64_t tick_ = 0;
  bool flush_due_ = false;
};

/// The listening socket, for the broker. Throws start_error (server.hpp) if it cannot be had.
caf::io::doorman_ptr listen_for_redis(caf::actor_system& system, const std::string& address);

/// Spawns both actors. They go on user_shutdown: first the broker, then the port.
struct redis_actors {
  caf::actor broker;
  caf::actor port;
};
redis_actors start_redis_port(caf::actor_system& system, const std::string& address,
                              redis_port::settings options);

} // namespace pmmc
