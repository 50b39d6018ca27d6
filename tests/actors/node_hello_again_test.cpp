// A process says hello again on a connection when other roles than before are to be named there.
#include "actors/played_node.hpp"
#include "core_helpers.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

/// host1 with a1 and r1 has dialled host2, which has not answered yet.
struct hello_again_stage : two_processes {
  hello_again_stage() {
    listen_as(host2.system().spawn(answering_late, slow));
    others = {a1.handle(), l2.handle()};
    auto settings = settings_of("host1:1", a1.as(role_kind::acceptor, "disk"), make_config(2));
    settings->roles.push_back(r1.as(role_kind::replica, "disk"));
    node1 = host1.system().spawn(node_actor, settings);
    beats(1);
    REQUIRE(slow->hellos == 1);
    CHECK(slow->roles == 2);
    auto next = make_config(2);
    next.version = 2;
    next.first_slot = 9;
    next.acceptors[0].address = "host9:1";
    moved.configurations.add(next);
    slow->answer = played_welcome{
        {}, false, "test", "host2:1", 7, {a2.as(role_kind::acceptor, "disk")}, moved, {}};
  }

  void answer() {
    caf::anon_send(node2, tick_atom::value);
    beats(2); // not so many that it has been silent
  }

  recorder a1{host1.system(), "a1"}, l2{host2.system(), "l2"};
  std::shared_ptr<slow_node> slow = std::make_shared<slow_node>();
  membership moved{config_history{make_config(2)}, 2}; ///< a1 is at host9
};

} // namespace

TEST_CASE_FIXTURE(hello_again_stage,
                  "who hears in a welcome that an own acceptor has left says hello again") {
  answer();
  CHECK(slow->hellos == 2);
  CHECK(slow->roles == 1);
  r1.forget();
  const auto has_lost_a2 = [&] {
    const auto downs = r1.take<peer_down>();
    return std::any_of(downs.begin(), downs.end(),
                       [](const peer_down& m) { return m.id == role_id{"a2"}; });
  };
  SUBCASE("and goes by the second welcome") {
    slow->answer->roles = {l2.as(role_kind::leader, "disk")};
    answer();
    CHECK(has_lost_a2());
    const auto met = others_up(r1);
    REQUIRE(met.size() == 1);
    CHECK(met[0].id == "l2");
    CHECK(slow->hellos == 2);
  }
  SUBCASE("and loses nothing if the second welcome says the same") {
    answer();
    CHECK_FALSE(has_lost_a2());
  }
  SUBCASE("and does not heed the second welcome") { // door_copies_test: it closes the connection
    slow->answer->roles = {l2.as(role_kind::leader, "disk")};
    SUBCASE("if it is refused") { slow->answer->refusal = "a copy"; }
    SUBCASE("if it is answered with a copy of an own directory") {
      slow->answer->roles.push_back(slow->answer->roles[0]);
      slow->answer->roles.back().id = "r1";
    }
    SUBCASE("if another process answers") { slow->answer->incarnation = 8; }
    SUBCASE("if it names who runs elsewhere") {
      slow->answer->roles.push_back({"l3", role_kind::leader, "disk", r1.handle()});
    }
    answer();
    CHECK_FALSE(has_lost_a2());
    CHECK(others_up(r1).empty());
  }
}

TEST_CASE_FIXTURE(hello_again_stage,
                  "who hears while it dials that an own acceptor has left says hello again") {
  caf::anon_send(node1, members_news{moved});
  settle();
  CHECK(slow->hellos == 1);
  answer();
  CHECK(slow->hellos == 2);
  CHECK(slow->roles == 1);
}

} // namespace pmmc::test
