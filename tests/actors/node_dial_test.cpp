// Two processes, joined by CAF's own protocol over connections in memory: dialling, and messages
// that really go over the wire.
#include "actors/stage.hpp"
#include "core_helpers.hpp"
#include "node_actor.hpp"
#include "protocol.hpp"

#include <caf/io/all.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

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
    using namespace caf::io;
    host2.network().prepare_connection(accept_handle::from_int(1), connection_handle::from_int(2),
                                       host1.network(), "host2", 1, connection_handle::from_int(3));
    node2 = start(host2, a2, role_kind::acceptor, cluster, "host2:1", identity);
    host2.scheduler().inline_next_enqueue();
    REQUIRE(host2.system().middleman().publish(node2, 1, nullptr, true));
    settle();
  }

  void start_dialling(cluster_identity identity = 0) {
    node1 = start(host1, r1, role_kind::replica, "test", "host1:1", identity);
  }

  void settle() {
    while (host1.step() || host2.step()) {
    }
  }
  void beats(unsigned count) {
    for (; count > 0; --count) {
      host1.scheduler().advance_time(std::chrono::milliseconds{100});
      host2.scheduler().advance_time(std::chrono::milliseconds{100});
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

  process host1, host2;
  recorder r1{host1.system(), "r1"}, a2{host2.system(), "a2"};
  caf::actor node1, node2;
};

} // namespace

TEST_CASE_FIXTURE(two_processes, "a node dials, and the roles of both sides can talk") {
  start_listening("test");
  start_dialling();
  beats(1);
  const auto ups1 = others_up(r1);
  const auto ups2 = others_up(a2);
  REQUIRE(ups1.size() == 1);
  REQUIRE(ups2.size() == 1);
  CHECK(ups1[0].id == "a2");
  CHECK(ups1[0].format_id == "disk");
  CHECK(ups2[0].id == "r1");

  caf::send_as(r1.handle(), ups1[0].handle, read_probe{"r1", 7, 1});
  beats(1);
  const auto asked = a2.take<read_probe>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].round == 7);
  caf::send_as(a2.handle(), ups2[0].handle, read_probe_reply{"a2", 7, 1, 3});
  beats(1);
  INFO(r1.text());
  CHECK(r1.take<read_probe_reply>().size() == 1);
  beats(20); // heartbeats keep both sides content
  CHECK(r1.has_heard_nothing());
  CHECK(a2.has_heard_nothing());
}

TEST_CASE_FIXTURE(two_processes, "a node that dials into another cluster says so, once") {
  start_listening("other");
  start_dialling();
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3); // a2, l2 and r2 are expected there
  CHECK(downs[0].id == "a2");
  CHECK(downs[0].why == "at host2:1 belongs to cluster \"other\", not to \"test\"");
  CHECK(others_up(a2).empty());
  CHECK(others_up(r1).empty());
}

TEST_CASE_FIXTURE(two_processes,
                  "a node that dials one of the cluster that was there before says so") {
  start_listening("test", 0xA);
  start_dialling(0xB);
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3);
  CHECK(downs[0].why.starts_with("at host2:1 is refused: it belongs to the cluster with identity "
                                 "000000000000000a, and this is 000000000000000b: "));
  CHECK(others_up(a2).empty());
  CHECK(others_up(r1).empty());
}

TEST_CASE_FIXTURE(two_processes, "an identity that is decided is handed on to who is connected") {
  start_listening("test");
  start_dialling();
  beats(1);
  CHECK(others_up(a2).size() == 1);
  caf::anon_send(node2, members_news{membership{config_history{make_config(2)}, 1, 0xA}});
  beats(2); // the other one's heartbeat says that it does not know
  const auto news = r1.take<members_news>();
  REQUIRE(news.size() == 1);
  CHECK(news[0].known.identity == 0xA);
}

TEST_CASE_FIXTURE(two_processes,
                  "a process that is not there is reported, and dialled until it is") {
  start_dialling();
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3);
  CHECK(downs[0].why.starts_with("at host2:1 cannot be reached"));
  start_listening("test");
  beats(30);
  CHECK(others_up(r1).size() == 1);
  CHECK(others_up(a2).size() == 1);
}

} // namespace pmmc::test
