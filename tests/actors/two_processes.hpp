// Two processes, joined by CAF's own protocol over connections in memory.
#pragma once

#include "actors/stage.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"
#include "wire/protocol.hpp"

#include <caf/io/all.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <doctest/doctest.h>

namespace pmmc::test {

/// One process: its own actor system, whose network is stepped by hand like everything else.
class process {
public:
  process() : system_(configure(config_)) {
    system_.await_actors_before_shutdown(false);
    scheduler().clock().current_time += std::chrono::hours{1};
  }

  caf::actor_system& system() { return system_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }
  caf::io::network::test_multiplexer& network() {
    return dynamic_cast<caf::io::network::test_multiplexer&>(system_.middleman().backend());
  }
  bool step() {
    return scheduler().try_run_once() || network().read_data() || network().try_exec_runnable() ||
           network().try_accept_connection();
  }

private:
  static caf::actor_system_config& configure(caf::actor_system_config& config) {
    config.add_message_types<caf::id_block::pmmc>();
    config.load<caf::io::middleman>();
    config.set("middleman.app-identifiers", std::vector<std::string>{protocol_name()});
    config.set("scheduler.policy", caf::atom("testing"));
    config.set("middleman.network-backend", caf::atom("testing"));
    config.set("middleman.manual-multiplexing", true);
    config.set("middleman.heartbeat-interval", caf::timespan{0});
    config.set("middleman.workers", std::size_t{0});
    return config;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
};

/// host1 with r1 dials host2 with a2.
struct two_processes {
  two_processes() {
    spdlog::set_level(spdlog::level::critical);
    settle();
  }

  ~two_processes() {
    for (const auto& actor : {node1, node2, r1.handle(), a2.handle()})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    for (const auto& actor : others)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    settle();
  }

  caf::actor start(process& where, recorder& role, role_kind kind, std::string cluster,
                   std::string address, cluster_identity identity = 0) {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = std::move(cluster);
    settings->address = std::move(address);
    settings->seed = 1;
    settings->roles = {role.as(kind, "disk")};
    settings->known = membership{config_history{make_config(2)}, 1, identity};
    auto node = where.system().spawn(node_actor, settings);
    settle();
    role.take<members_news>();
    return node;
  }

  void start_listening(const std::string& cluster, cluster_identity identity = 0) {
    listen_as(start(host2, a2, role_kind::acceptor, cluster, "host2:1", identity));
  }

  void listen_as(caf::actor node) {
    node2 = std::move(node);
    listen(node2, "host2", 1);
  }

  /// `port`: another one for each host that host2 plays.
  void listen(const caf::actor& node, const std::string& host, std::uint16_t port) {
    listen_at(host2, node, host, port);
  }

  void listen_at(process& where, const caf::actor& node, const std::string& host,
                 std::uint16_t port) {
    offer(where, host, port, 1);
    where.scheduler().inline_next_enqueue();
    REQUIRE(where.system().middleman().publish(node, port, nullptr, true));
    settle();
  }

  /// One connection, the `nth` to that host: each of its ends has a number of its own.
  void offer(const std::string& host, std::uint16_t port, unsigned nth = 2) {
    offer(host2, host, port, nth);
  }

  void offer(process& where, const std::string& host, std::uint16_t port, unsigned nth) {
    using namespace caf::io;
    const auto ends = 10 * port + 2 * nth;
    where.network().prepare_connection(accept_handle::from_int(10 * port),
                                       connection_handle::from_int(ends - 1), host1.network(), host,
                                       port, connection_handle::from_int(ends));
  }

  void start_dialling(cluster_identity identity = 0) {
    node1 = start(host1, r1, role_kind::replica, "test", "host1:1", identity);
  }

  void settle() {
    while (host1.step() || host2.step() || host3.step()) {
    }
  }
  void beats(unsigned count) {
    for (; count > 0; --count) {
      host1.scheduler().advance_time(std::chrono::milliseconds{100});
      host2.scheduler().advance_time(std::chrono::milliseconds{100});
      host3.scheduler().advance_time(std::chrono::milliseconds{100});
      settle();
    }
  }

  /// What a role has heard of others coming up.
  std::vector<hosted_role> others_up(recorder& role) {
    std::vector<hosted_role> others;
    for (const auto& m : role.take<peer_up>())
      if (m.role.id != role.id())
        others.push_back(m.role);
    return others;
  }

  process host1, host2, host3; ///< the third one is needed seldom
  recorder r1{host1.system(), "r1"}, a2{host2.system(), "a2"};
  caf::actor node1, node2;
  std::vector<caf::actor> others; ///< whatever else there is
};

} // namespace pmmc::test
