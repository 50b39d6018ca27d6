// Who is not met where it says that it is, or was looked for.
#include "actors/played_node.hpp"
#include "caf/bounded_connect.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

TEST_CASE_FIXTURE(two_processes,
                  "who says that it has moved is let in when nobody is there any more") {
  start_listening("test");
  recorder moved{host3.system(), "r1"};
  others.push_back(moved.handle());
  const auto refusal = [&](recorder& from, const std::string& address) {
    caf::send_as(from.handle(), node2,
                 played_hello{"test",
                              address,
                              5,
                              from.handle(),
                              {from.as(role_kind::replica, "disk")},
                              0,
                              1,
                              false,
                              {}}
                     .as_sent());
    settle();
    const auto answers = take_told<welcome>(from);
    REQUIRE(answers.size() == 1);
    return answers[0].refusal;
  };
  CHECK(refusal(r1, "host1:1").empty());
  CHECK(refusal(moved, "host3:1").ends_with("one of the two is a copy"));
  beats(10); // the connection is there still, but the member is silent
  CHECK(refusal(moved, "host3:1").empty());
}

TEST_CASE_FIXTURE(two_processes,
                  "a member that is found at another member's address is not met there") {
  configuration config;
  config.acceptors = {{"a2", "host2:1"}, {"a3", "host3:3"}};
  config.leaders = {{"l1", "host1:1"}};
  config.replicas = {{"r1", "host1:1"}};
  const auto settings = settings_of("host1:1", r1.as(role_kind::replica, "disk"), config);
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"), "host2:1");
  others.push_back(host2.system().spawn(welcoming, played));
  listen(others.back(), "host2", 1);
  listen(others.back(), "host3", 3); // a forwarder
  node1 = host1.system().spawn(node_actor, settings);
  beats(1);
  CHECK(others_up(r1).size() == 1);
  CHECK(played->hellos == 2); // nobody knew yet who is there
  beats(5);
  CHECK(played->hellos == 2);
  CHECK(others_up(r1).empty());
}

TEST_CASE_FIXTURE(two_processes, "an address that leads astray is looked at ever less often") {
  configuration config;
  config.acceptors = {{"a2", "host2:1"}, {"a3", "host3:3"}};
  config.leaders = {{"l1", "host1:1"}};
  config.replicas = {{"r1", "host1:1"}};
  const auto settings = settings_of("host1:1", r1.as(role_kind::replica, "disk"), config);
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"), "host2:1");
  others.push_back(host2.system().spawn(welcoming, played));
  listen(others.back(), "host2", 1);
  listen(others.back(), "host3", 3);
  constexpr unsigned looks = 20;
  const auto again = [](unsigned n) { return "host3" + (dial_mark + std::to_string(n)); };
  for (unsigned n = 1; n <= looks; ++n) // CAF remembers the name that it was dialled under
    offer(again(n), 3, n + 1);
  node1 = host1.system().spawn(node_actor, settings);
  for (int i = 0; i < 300; ++i) {
    caf::send_as(others.back(), node1, heartbeat{7});
    beats(1);
  }
  unsigned looked = 0;
  while (looked < looks && !host1.network().has_pending_scribe(again(looked + 1), 3))
    ++looked;
  CHECK(looked >= 4);
  CHECK(looked <= 9);
}

TEST_CASE_FIXTURE(two_processes,
                  "a welcome with roles that nobody can reach, or too many, is none") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  SUBCASE("of another process") { played->role.handle = r1.handle(); }
  SUBCASE("of none") { played->role.handle = {}; }
  SUBCASE("without a handle") {
    played->spoil = [](welcome& m) { m.handles.pop_back(); };
  }
  SUBCASE("with one handle more") {
    played->spoil = [](welcome& m) { m.handles.push_back(m.handles[0]); };
  }
  SUBCASE("that cannot be read") {
    played->spoil = [](welcome& m) { m.said.pop_back(); };
  }
  SUBCASE("more than a process has") { played->roles = max_hosted_roles + 1; }
  listen_as(host2.system().spawn(welcoming, played));
  start_dialling();
  beats(5);
  CHECK(played->hellos > 0);
  CHECK(others_up(r1).empty());
}

} // namespace pmmc::test
