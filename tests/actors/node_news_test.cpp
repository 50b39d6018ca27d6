// A node learns of a new configuration: who hears of it, and in which order.
#include "actors/played_handshake.hpp"
#include "actors/two_processes.hpp"
#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

membership second_version(std::size_t processes = 3) {
  auto next = make_config(processes);
  next.version = 2;
  next.first_slot = 10;
  membership known{config_history{make_config(processes)}};
  known.configurations.add(next);
  return known;
}

/// What stands at host2 in the place of a node: it knows the second version.
caf::behavior welcoming_with_news(caf::event_based_actor* self, const hosted_role& role) {
  self->set_default_handler(caf::drop);
  return {[=](const hello&) {
    return played_welcome{{}, false, "test", "host2:1", 7, {role}, second_version(2), {}}.as_sent();
  }};
}

} // namespace

TEST_CASE_FIXTURE(stage, "roles and other processes do not wait for the disk to hear of members") {
  recorder a1 = record("a1"), r1 = record("r1"), l2 = record("l2"), peer = record("node2");
  std::size_t written = 0, told_before = 0;
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = "host1:1";
  settings->roles = {a1.as(role_kind::acceptor, "disk"), r1.as(role_kind::replica)};
  settings->known = membership{make_config()};
  settings->facts = some_facts();
  settings->remember = [&](const membership& known) {
    ++written;
    told_before = ready_actors();
    CHECK(known.version() == 2);
  };
  const auto node = spawn(node_actor, settings);
  settle();
  send_from(peer, node,
            played_hello{"test",
                         "host2:1",
                         5,
                         peer.handle(),
                         {l2.as(role_kind::leader)},
                         0,
                         1,
                         false,
                         some_facts()});
  settle();
  REQUIRE(written == 0);
  for (auto* who : {&a1, &r1, &peer})
    who->forget();
  send(node, members_news{second_version()});
  settle();
  CHECK(written == 1);
  CHECK(told_before == 3); // both roles and the other process
  for (auto* who : {&a1, &r1, &peer})
    CHECK(who->count<members_news>() == 1);
}

TEST_CASE_FIXTURE(two_processes, "roles hear what a welcome says before they meet whom it is of") {
  listen_as(host2.system().spawn(welcoming_with_news, a2.as(role_kind::acceptor, "disk")));
  start_dialling();
  beats(1);
  caf::send_as(r1.handle(), node1, watch_members{});
  settle();
  const auto told = r1.take<members_news>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].known.version() == 2);
  CHECK(others_up(r1).size() == 1); // or the news had introduced it once more
}

} // namespace pmmc::test
