// Stories about a whole cluster.
#include "scenarios/story_clients.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

bool agree(const script& c) {
  const auto& first = c.replica_at("r1");
  for (const auto& r : c.config().replicas)
    if (c.replica_at(r.id).slot_out() != first.slot_out() ||
        c.replica_at(r.id).state().fingerprint() != first.state().fingerprint())
      return false;
  return true;
}

/// Runs until one leader is active and everyone knows it.
role_id settled_leader(script& c) {
  REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
  c.run(60);
  REQUIRE(c.active_leaders().size() == 1);
  return c.active_leaders()[0];
}

role_id same_process(const char* kind, const role_id& other) {
  return role_id{kind + std::string{other.view().substr(1)}};
}

/// A process that is not the leader's.
role_id bystander(const role_id& leader) { return leader == role_id{"l1"} ? "l2" : "l1"; }

} // namespace

TEST_CASE("three clients write the same two keys at once, and everyone sees one order") {
  script c{{}};
  story_clients d{c};
  std::vector<session_id> sessions;
  for (const auto* n : {"1", "2", "3"})
    sessions.push_back(d.open(std::string{"c"} + n, std::string{"r"} + n));
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto n = std::to_string(i + 1);
    d.send("c" + n, "r" + n, sessions[i], 1, "append left " + n);
    d.send("c" + n, "r" + n, sessions[i], 2, "append right " + n);
  }
  for (const auto s : sessions)
    REQUIRE(d.answer_to(s, 2));
  REQUIRE(c.run_until([&] { return agree(c); }, 200));
  CHECK(c.value_at("r1", "left").size() == 3);
  CHECK(c.value_at("r1", "right").size() == 3);
}

TEST_CASE("one leader serves, one replica proposes, and nothing is left over when it is quiet") {
  script c{{}};
  story_clients d{c};
  const auto leader = settled_leader(c);
  const auto s = d.open("c1", "r1");
  for (std::uint64_t n = 1; n <= 20; ++n)
    REQUIRE(d.ask("c1", n % 2 == 0 ? "r1" : "r3", s, n, "append k x"));
  std::size_t proposers = 0;
  for (const auto& r : c.config().replicas)
    proposers += c.replica_at(r.id).proposes();
  CHECK(proposers == 1);
  CHECK(c.replica_at(same_process("r", leader)).proposes());
  c.run(50);
  CHECK(agree(c));
  CHECK(c.replica_at("r1").slot_out() == 22); // every request took one slot: nobody collided
  CHECK(c.commanders_at(leader) == 0);
}

TEST_CASE("the active leader's process dies, and the others go on") {
  script c{{}};
  story_clients d{c};
  const auto leader = settled_leader(c);
  const auto other = same_process("r", bystander(leader));
  const auto s = d.open("c1", other);
  REQUIRE(d.ask("c1", other, s, 1, "append k x"));
  for (const auto* kind : {"a", "l", "r"})
    c.crash(same_process(kind, leader));
  const auto answer = d.ask("c1", other, s, 2, "append k y");
  REQUIRE(answer);
  CHECK(*answer == "xy");
  CHECK(d.read("c1", other, "k")->body == "xy");
}

TEST_CASE("two leaders that reach all acceptors, but not each other, do not duel") {
  script c{{}};
  story_clients d{c};
  c.crash("l3");
  c.cut = [](const role_id& from, const role_id& to) {
    return (from == role_id{"l1"} && to == role_id{"l2"}) ||
           (from == role_id{"l2"} && to == role_id{"l1"});
  };
  c.run(300); // a few timeouts
  REQUIRE(c.active_leaders().size() == 1);
  const auto leader = c.active_leaders()[0];
  const auto ballot = c.leader_at(leader).ballot();
  const auto s = d.open("c1", "r1");
  for (std::uint64_t n = 1; n <= 30; ++n) {
    REQUIRE(d.ask("c1", "r1", s, n, "append k x"));
    c.run(100);
  }
  CHECK(c.leader_at(leader).is_active());
  CHECK(c.leader_at(leader).ballot() == ballot);
}

TEST_CASE("a leader cut off from a majority of the acceptors makes room for one that is not") {
  script c{{}};
  story_clients d{c};
  const auto leader = settled_leader(c);
  c.cut = [&](const role_id& from, const role_id& to) {
    const auto acceptor = [](const role_id& id) { return id.view()[0] == 'a'; };
    return (from == leader && acceptor(to)) || (acceptor(from) && to == leader);
  };
  const auto replica = same_process("r", bystander(leader));
  const auto s = d.open("c1", replica);
  REQUIRE(s != 0);
  CHECK(d.ask("c1", replica, s, 1, "append k x") == "x");
  CHECK_FALSE(c.leader_at(leader).is_active());
}

TEST_CASE("without a majority nothing is decided, reads say so, and it goes on when one is back") {
  script c{{}};
  story_clients d{c};
  settled_leader(c);
  const auto s = d.open("c1", "r1");
  c.crash("a1");
  c.crash("a2");
  d.send("c1", "r1", s, 1, "append k x");
  const auto refused = d.read("c1", "r1", "k");
  REQUIRE(refused);
  CHECK(refused->status == reply_status::unavailable);
  CHECK(refused->body.find("1 of 3") != std::string::npos);
  c.run(2'000);
  CHECK(c.replica_at("r1").slot_out() == 2);
  c.restart("a1");
  REQUIRE(d.answer_to(s, 1));
  CHECK(d.read("c1", "r2", "k")->body == "x");
}

TEST_CASE("everything loses its power at once, and nothing that was acknowledged is lost") {
  for (const std::size_t snapshot_log_bytes : {std::size_t{300}, std::size_t{1} << 30}) {
    script_settings settings;
    settings.replica.snapshot_log_bytes = snapshot_log_bytes;
    script c{settings};
    story_clients d{c};
    settled_leader(c);
    const auto s = d.open("c1", "r1");
    for (std::uint64_t n = 1; n <= 40; ++n)
      REQUIRE(d.ask("c1", "r1", s, n, "append k x"));
    for (const auto& id : c.roles())
      c.crash(id);
    for (const auto& id : c.roles())
      c.restart(id);
    CHECK(d.read("c1", "r2", "k")->body.size() == 40);
    CHECK(d.ask("c1", "r3", s, 40, "append k x")->size() == 40); // a retry
    CHECK(d.ask("c1", "r3", s, 41, "append k x")->size() == 41);
  }
}

TEST_CASE("all replicas restart without a snapshot, and learn the whole log from the acceptors") {
  script_settings settings;
  settings.leader.kept_decisions_bytes = 100; // the leader has forgotten most of it
  script c{settings};
  story_clients d{c};
  settled_leader(c);
  const auto s = d.open("c1", "r1");
  for (std::uint64_t n = 1; n <= 100; ++n)
    REQUIRE(d.ask("c1", "r1", s, n, "append k x"));
  for (const auto* id : {"r1", "r2", "r3"})
    c.crash(id);
  for (const auto* id : {"r1", "r2", "r3"})
    c.restart(id);
  REQUIRE(c.run_until([&] { return c.replica_at("r1").slot_out() == 102; }, 1'500));
  CHECK(d.read("c1", "r2", "k")->body.size() == 100);
}

TEST_CASE("a replica that was away while the log was collected fetches a snapshot, in pieces") {
  script_settings settings;
  settings.replica.snapshot_log_bytes = 500;
  settings.replica.kept_decisions_bytes = 0;
  settings.piece_bytes = 50;
  script c{settings};
  story_clients d{c};
  settled_leader(c);
  const auto s = d.open("c1", "r1");
  c.crash("r3");
  for (std::uint64_t n = 1; n <= 60; ++n)
    REQUIRE(d.ask("c1", "r1", s, n, "append k x"));
  REQUIRE(c.run_until([&] { return c.acceptor_at("a1").state().watermark > 20; }, 200));
  CHECK(c.acceptor_at("a1").state().by_version.at(1).accepted.begin()->first > 20);
  c.restart("r3");
  REQUIRE(c.run_until([&] { return agree(c); }, 500));
  CHECK(c.snapshots_fetched() == 1);
  CHECK(c.replica_at("r3").snapshot_slot() > 20);
  c.crash("r3"); // and it can start from what it has fetched
  c.restart("r3");
  CHECK(c.replica_at("r3").slot_out() > 20);
  CHECK(d.read("c1", "r3", "k")->body.size() == 60);
}

TEST_CASE("a replica that was paused gives no stale answer when it goes on") {
  script c{{}};
  story_clients d{c};
  settled_leader(c);
  const auto s = d.open("c1", "r1");
  REQUIRE(d.ask("c1", "r1", s, 1, "append k x"));
  c.run(20);
  // Its first read is under way, the acceptors have answered, and then it stops.
  c.send("c3", "r3", query{1'000, query_of("k")});
  REQUIRE(c.deliver([](const letter& f) { return is<query>(f); }) > 0);
  REQUIRE(c.deliver([](const letter& f) { return is<read_probe>(f); }) > 0);
  c.pause("r3");
  REQUIRE(d.ask("c1", "r1", s, 2, "append k y"));
  c.send("c3", "r3", query{1'001, query_of("k")}); // comes after the write was acknowledged
  c.run(500);
  std::map<std::uint64_t, std::string> answers;
  c.on_answer = [&](const role_id&, const message& m) {
    if (const auto* r = std::get_if<query_reply>(&m))
      answers[r->number] = value_in(r->body);
  };
  c.resume("r3");
  c.run(100);
  REQUIRE(answers.contains(1'001));
  CHECK(answers[1'001] == "xy");
}

TEST_CASE("a leader that was paused is deposed, and cannot do harm when it goes on") {
  script c{{}};
  story_clients d{c};
  const auto leader = settled_leader(c);
  const auto replica = same_process("r", bystander(leader));
  const auto s = d.open("c1", replica);
  d.send("c1", replica, s, 1, "append k x");
  REQUIRE(c.deliver([](const letter& f) { return is<request>(f); }) > 0);
  c.pause(leader); // with a proposal on its way to it
  REQUIRE(d.ask("c1", replica, s, 2, "append k y"));
  c.resume(leader);
  c.run(200);
  CHECK(c.active_leaders().size() == 1);
  CHECK_FALSE(c.leader_at(leader).is_active());
  CHECK(d.read("c1", same_process("r", leader), "k")->body == "xy");
  CHECK(agree(c));
}

TEST_CASE("replicas that disagree about the leader do not hand requests round in circles") {
  script c{{}};
  story_clients d{c};
  const auto s = d.open("c1", "r1");
  c.run(50);
  // r1 hears only l2, r2 only l1, r3 both: whom each takes for the nearest differs.
  c.cut = [](const role_id& from, const role_id& to) {
    const auto either = [&](const char* a, const char* b) {
      return (from == role_id{a} && to == role_id{b}) || (from == role_id{b} && to == role_id{a});
    };
    return either("r1", "l1") || either("r2", "l2") || either("l1", "l2");
  };
  for (std::uint64_t n = 1; n <= 20; ++n) {
    d.send("c1", "r3", s, n, "append k x");
    c.run(40); // fails if messages call forth messages without end
  }
  REQUIRE(d.answer_to(s, 20));
  CHECK(d.read("c1", "r3", "k")->body.size() == 20);
}
