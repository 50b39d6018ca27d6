// Changes of the servers and of who leads (Raft paper, section 6; thesis, 3.10 and chapter 4).
#include "raft/cluster.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::raft::test;

namespace {

cluster led_by_s1(std::size_t servers = 3) {
  cluster c{servers};
  c.elect("s1");
  c.run(10);
  return c;
}

} // namespace

TEST_CASE("6: newcomers catch up before they vote") {
  auto c = led_by_s1();
  for (int i = 0; i < 50; ++i)
    c.propose("s1", "a text of some length, so that it takes more than one request");
  c.deliver_all();
  c.add("s4");
  c.isolate("s4");
  REQUIRE(c.change("s1", {"s1", "s2", "s3", "s4"}) == "");
  c.run(20);
  CHECK(c["s1"].members().servers.size() == 3);
  CHECK(c["s1"].is_changing());
  c.rejoin("s4");
  c.run(30);
  CHECK(c["s1"].members().servers.size() == 4);
  CHECK_FALSE(c["s1"].is_changing());
  CHECK(c["s4"].commit() == c["s1"].commit());
}

TEST_CASE("6: a newcomer that is not reached is given up, and the next change may come") {
  auto c = led_by_s1();
  REQUIRE(c.change("s1", {"s1", "s2", "s3", "s4"}) == "");
  CHECK(c.change("s1", {"s1", "s2"}) == "another change of the servers is under way");
  c.run(400);
  CHECK(c.dropped_change() == "server s4 was not reached");
  CHECK(c.change("s1", {"s1", "s2"}) == "");
}

TEST_CASE("6: while C-all is in the log, no other change begins") {
  auto c = led_by_s1();
  c.isolate("s2");
  c.isolate("s3");
  REQUIRE(c.change("s1", {"s1", "s2"}) == "");
  REQUIRE(c["s1"].members().is_joint());
  CHECK(c.change("s1", {"s1", "s3"}) == "another change of the servers is under way");
}

TEST_CASE("6: who votes is not forgotten with the entry that says it") {
  auto log = state_with({"s1", "s2", "s3"}, {1, 1}, 1).log;
  log.append({1, {}, std::make_shared<const server_set>(servers_called({"s1", "s2"}))});
  log.append(entry_at({4, 1}));
  log.compact(4);
  REQUIRE(log.members() != nullptr);
  CHECK(log.members()->servers.size() == 2);
}

TEST_CASE("6: a change names the version that it replaces") {
  auto c = led_by_s1();
  CHECK(c["s1"].change(7, {member_called("s1")}, {}) == "version 1 is the latest one");
  CHECK(c["s2"].change(1, {member_called("s1")}, {}) == "this server does not lead");
}

TEST_CASE("6: a new leader changes nothing before it has committed an entry of its term") {
  cluster fresh{3};
  for (int i = 0; i < 200 && !fresh["s1"].is_leader(); ++i) {
    fresh.tick("s1");
    while (!fresh.post().empty() && !fresh["s1"].is_leader())
      fresh.deliver_next();
  }
  CHECK(fresh.change("s1", {"s1", "s2"}) ==
        "the leader has not committed an entry of its term yet");
}

TEST_CASE("6: a leader that is not in C-new leads until that is committed, and steps down") {
  auto c = led_by_s1();
  REQUIRE(c.change("s1", {"s2", "s3"}) == "");
  c.deliver_all();
  CHECK_FALSE(c["s1"].is_leader());
  CHECK_FALSE(c["s1"].members().is_joint());
  c.run(5); // it told one of them to take over
  REQUIRE_FALSE(c.leader().empty());
  CHECK(c.leader() != role_id{"s1"});
}

TEST_CASE("6: and does not count itself") {
  auto c = led_by_s1();
  c.isolate("s3");
  REQUIRE(c.change("s1", {"s2", "s3"}) == "");
  c.deliver_all();
  c.run(20);
  // s1 and s2 make a majority of C-old; of C-new, s2 alone is none.
  CHECK(c["s1"].members().version == 2);
  CHECK(c["s1"].is_changing());
  c.rejoin("s3");
  c.run(60);
  CHECK_FALSE(c["s2"].is_changing());
}

TEST_CASE("4.2.2: who is not in the latest set runs for office while that may not be committed") {
  cluster c{1};
  c.elect("s1");
  c.run(5);
  c.add("n1");
  REQUIRE(c.change("s1", {"n1"}) == "");
  const auto is_alone = [](const server_set& s) { return s.version == 2 && !s.is_joint(); };
  for (int i = 0; i < 100 && !is_alone(c["s1"].members()); ++i) {
    c.tick("s1");
    c.tick("n1");
    while (!is_alone(c["s1"].members()) && c.deliver_next()) {
    }
  }
  REQUIRE(is_alone(c["s1"].members()));
  while (!c.post().empty())
    c.drop(0);
  c.crash("s1");
  c.restart("s1");
  REQUIRE(c["n1"].members().is_joint()); // it needs the vote of s1, whose log is longer
  c.run(300);
  CHECK(c["n1"].is_leader());
  CHECK(is_alone(c["n1"].members()));
  CHECK_FALSE(c["n1"].is_changing());
}

TEST_CASE("6: a removed server that does not know it disturbs nobody") {
  auto c = led_by_s1(4);
  c.isolate("s4");
  REQUIRE(c.change("s1", {"s1", "s2", "s3"}) == "");
  c.deliver_all();
  const auto term = c["s1"].term();
  c.rejoin("s4");
  c.run(500);
  CHECK(c["s1"].is_leader());
  CHECK(c["s1"].term() == term);
}

TEST_CASE("9.6: who was cut off comes back without a new term") {
  auto c = led_by_s1();
  const auto term = c["s1"].term();
  c.isolate("s3");
  c.run(500);
  CHECK(c["s3"].term() == term);
  CHECK(c["s3"].current_state() == consensus::state::pre_candidate);
  c.rejoin("s3");
  c.run(50);
  CHECK(c["s1"].is_leader());
  CHECK(c["s1"].term() == term);
}

TEST_CASE("6.2: a leader that no majority answers gives up office") {
  auto c = led_by_s1();
  c.isolate("s1");
  c.run(c["s1"].options().quorum_ticks + 10);
  CHECK_FALSE(c["s1"].is_leader());
  CHECK_FALSE(c["s1"].propose(command{"x"}).has_value());
}

TEST_CASE("6.2: answers that wait for slow disks are answers") {
  auto c = led_by_s1();
  c.run(20);
  const auto term = c["s1"].term();
  c.make_disks_slow(true);
  for (unsigned i = 0; i < 10; ++i) {
    REQUIRE(c.propose("s1", "slow " + std::to_string(i)));
    c.run(3 * c["s1"].options().election_ticks);
    for (const auto& id : c.ids())
      while (c.is_writing(id))
        c.finish_write(id);
    c.deliver_all();
  }
  CHECK(c["s1"].is_leader());
  CHECK(c["s1"].term() == term);
}

TEST_CASE("3.10: office is handed to a server that has all of the log") {
  auto c = led_by_s1();
  c.isolate("s2");
  c.propose("s1", "A");
  c.deliver_all();
  CHECK(c["s1"].transfer("s2") == "");
  CHECK_FALSE(c["s1"].propose(command{"B"}).has_value()); // or it would never have all of it
  c.rejoin("s2");
  c.run(10);
  CHECK(c["s2"].is_leader());
  CHECK(c.performed("s2").back() == "A");
}

TEST_CASE("3.10: a transfer to a server that is gone is given up") {
  auto c = led_by_s1();
  c.crash("s2");
  CHECK(c["s1"].transfer("s2") == "");
  c.run(31);
  CHECK(c["s1"].is_leader());
  CHECK(c["s1"].propose(command{"B"}).has_value());
  CHECK(c["s1"].transfer("s9") == "s9 does not vote");
  CHECK(c["s3"].transfer("s1") == "this server does not lead");
}
