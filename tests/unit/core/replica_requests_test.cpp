#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {
constexpr auto s1 = session_of_slot_1;
}

TEST_CASE(
    "replica: requests that came together travel in one slot, to all leaders if none is known") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "a"));
  b.ask(operation(s1, 2, "b"));
  const auto sent = b.flush().send;
  CHECK(only<propose>(sent).size() == 3);
  const auto p = only<propose>(sent, "l1").at(0);
  CHECK(p.slot == 2);
  CHECK(p.value == batch_of({operation(s1, 1, "a"), operation(s1, 2, "b")}));
  CHECK(b.role.slot_in() == 3);
  b.decide(2, p.value);
  const auto answers = only<response>(b.role.take().send, "c1");
  REQUIRE(answers.size() == 2);
  CHECK(answers[1].body == "a,b,");
  CHECK(b.role.pending_requests() == 0);
}

TEST_CASE("replica: a request of no known kind is refused, and spoils no batch") {
  replica_bench b;
  b.open_session();
  auto strange = operation(s1, 1, "strange");
  strange.kind = static_cast<request_kind>(77);
  b.role.on(handoff{"r2", {strange}});
  b.ask(strange);
  b.ask(operation(s1, 2, "a"));
  const auto sent = b.flush().send;
  const auto value = only<propose>(sent, "l1").at(0).value;
  const request refusal{request_kind::refusal, s1, 1, 0,
                        "the request is of a kind that does not exist"};
  CHECK(value == batch_of({refusal, operation(s1, 2, "a")}));
  b.decide(2, value);
  const auto answers = only<response>(b.role.take().send, "c1");
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].status == reply_status::refused);
  CHECK(answers[1].body == "a,");
  CHECK(b.role.pending_requests() == 0);
}

TEST_CASE("replica: of no session, what is refused is refused at once") {
  replica_bench b;
  request large = opening(7);
  large.op = std::string(max_op_bytes + 1, 'x');
  b.ask(large);
  const auto sent = b.flush().send;
  CHECK(only<response>(sent, "c1").at(0).status == reply_status::refused);
  CHECK(only<propose>(sent).empty());
  b.role.on("c1", query{1, std::string(max_op_bytes + 1, 'x')});
  CHECK(only<query_reply>(b.role.take().send).at(0).status == reply_status::refused);
  b.role.on("c1", query{2, "small"});
  CHECK(only<read_probe>(b.flush().send).size() == 3);
}

namespace {

request claim(cluster_identity identity, std::map<role_id, std::string> disks = {}) {
  return found_request({identity, facts_of(make_config(), 8), std::move(disks)});
}

} // namespace

TEST_CASE("replica: the first requests take an identity along, until the log has one") {
  replica::settings settings;
  settings.founds = 77;
  replica_bench b{settings};
  b.tick(20);
  CHECK(b.role.slot_in() == 1); // it costs no slot of its own
  b.ask(opening(1));
  const auto first = only<propose>(b.flush().send, "l1").at(0);
  CHECK(first.value == batch_of({opening(1), claim(77)}));
  CHECK(b.role.known_members().identity == 0);
  SUBCASE("its own") {
    b.decide(1, first.value);
    CHECK(b.role.state().identity() == 77);
    CHECK(only<response>(b.role.take().send, "c1").size() == 1);
  }
  SUBCASE("another replica's") {
    b.decide(1, {opening(1), claim(78)});
    CHECK(b.role.state().identity() == 78);
  }
  SUBCASE("none: the slot went to another's no-op, say") {
    b.decide(1, command{});
    CHECK(only<propose>(b.flush().send, "l1").at(0).value == first.value);
    return;
  }
  CHECK(b.role.known_members().identity == b.role.state().identity());
  b.ask(operation(s1, 1, "a"));
  CHECK(only<propose>(b.flush().send, "l1").at(0).value == batch_of({operation(s1, 1, "a")}));
}

TEST_CASE("replica: the disks that it met go into the log, until the log has them") {
  replica::settings settings;
  settings.founds = 77;
  replica_bench b{settings};
  b.role.met_disks({{"a1", "A1"}, {"l2", "L2"}, {"r3", "R3"}, {"stranger", "X"}});
  b.ask(opening(1));
  const auto first = only<propose>(b.flush().send, "l1").at(0).value;
  CHECK(first == batch_of({opening(1), claim(77, {{"a1", "A1"}, {"l2", "L2"}})}));
  b.decide(1, first);
  const auto config = b.role.known_members().configurations.first();
  CHECK(config.find(role_kind::acceptor, "a1")->disk == "A1");
  CHECK(config.find(role_kind::leader, "l2")->disk == "L2");
  CHECK(config.find(role_kind::acceptor, "a2")->disk.empty());
  b.role.met_disks({{"a1", "another"}, {"l2", "L2"}, {"a2", "A2"}}); // one more was met
  b.ask(operation(s1, 1, "a"));
  CHECK(only<propose>(b.flush().send, "l1").at(0).value ==
        batch_of({operation(s1, 1, "a"), claim(77, {{"a2", "A2"}})}));
  b.decide(2, {operation(s1, 1, "a"), claim(77, {{"a2", "A2"}, {"a1", "another"}})});
  const auto disks = b.role.known_members().configurations.disks();
  CHECK(disks.at("a1") == "A1"); // the first one holds
  CHECK(disks.at("a2") == "A2");
  b.ask(operation(s1, 2, "b"));
  CHECK(only<propose>(b.flush().send, "l1").at(0).value == batch_of({operation(s1, 2, "b")}));
}

TEST_CASE("replica: performs nothing of a log whose cluster agrees on something else") {
  replica_bench b;
  auto facts = facts_of(make_config(), 8);
  facts.machine = "other/1";
  b.ask(opening(1));
  b.flush();
  b.decide(1, {opening(1), found_request({77, facts, {}})});
  b.decide(2, {operation(s1, 1, "a")});
  CHECK(b.role.slot_out() == 1);
  CHECK(only<response>(b.flush().send, "c1").empty());
  CHECK(
      b.role.state().refusal() ==
      "it is not of the cluster with identity 000000000000004d, whose log it was given: its state "
      "machine is log/1, and in the log it is other/1. Start it with the program that it was "
      "formatted with, which is the same everywhere");
}

TEST_CASE("replica: a client does not decide which cluster this is") {
  replica_bench b;
  b.open_session();
  b.ask(claim(5));
  b.role.on(handoff{"r2", {claim(5)}});
  const auto answers = only<response>(b.flush().send, "c1");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].status == reply_status::refused);
  CHECK(b.role.pending_requests() == 0);
}

TEST_CASE(
    "replica: a batch is limited in requests and bytes, the slots in flight by the pipeline") {
  replica::settings settings;
  settings.batch_requests = 2;
  settings.eager_slots = 2;
  replica_bench b{settings};
  b.open_session();
  for (std::uint64_t n = 1; n <= 4; ++n)
    b.ask(operation(s1, n, "x"));
  CHECK(only<propose>(b.flush().send, "l1").size() == 2);
  b.ask(operation(s1, 5, "x"));
  CHECK(only<propose>(b.flush().send, "l1").empty()); // waits for company
  b.ask(operation(s1, 6, "x"));
  CHECK(only<propose>(b.flush().send, "l1").size() == 1); // a full batch does not wait

  settings.batch_requests = 100;
  settings.batch_bytes = 200;
  replica_bench c{settings};
  c.open_session();
  c.ask(operation(s1, 1, std::string(120, 'a')));
  c.ask(operation(s1, 2, std::string(120, 'b')));
  CHECK(only<propose>(c.flush().send, "l1").size() == 2);
}

TEST_CASE("replica: a slot that takes longer than a tick does not keep the next one waiting") {
  replica::settings settings;
  settings.eager_slots = 1;
  settings.pipeline_slots = 3;
  replica_bench b{settings};
  b.open_session();
  std::uint64_t n = 0;
  const auto proposed = [&](std::vector<envelope> sent) {
    return only<propose>(sent, "l1").size();
  };
  b.ask(operation(s1, ++n, "x"));
  CHECK(proposed(b.flush().send) == 1);
  for (const auto opened : {1, 1, 0}) { // the second, the third; a fourth is not opened
    b.ask(operation(s1, ++n, "x"));
    CHECK(proposed(b.flush().send) == 0);
    CHECK(proposed(b.tick(1).send) == opened);
  }
}

TEST_CASE("replica: proposes nothing at or beyond slot_out + WINDOW (R5)") {
  replica::settings settings;
  settings.batch_requests = 1;
  replica_bench b{settings, 3};
  b.open_session();
  for (std::uint64_t n = 1; n <= 9; ++n)
    b.ask(operation(s1, n, "x"));
  const auto sent = only<propose>(b.flush().send, "l1");
  REQUIRE(sent.size() == 3);
  CHECK(sent.back().slot == 4);
  b.decide(3, sent[1].value); // a gap: nothing moves
  CHECK(only<propose>(b.flush().send, "l1").empty());
  b.decide(2, sent[0].value);
  CHECK(only<propose>(b.flush().send, "l1").size() == 2);
}

TEST_CASE("replica: proposals are sent again, less and less often, until they are decided") {
  replica_bench b;
  b.ask(opening(1));
  b.flush();
  b.hear_leader("l2");
  CHECK(only<propose>(b.role.take().send, "l2").size() == 1); // a new leader is told at once
  CHECK(only<propose>(b.tick(19).send).empty());
  CHECK(only<propose>(b.tick(1).send, "l2").size() == 1);
  CHECK(only<propose>(b.tick(39).send).empty());
}

TEST_CASE("replica: a retry gets the recorded answer, one that is under way only a new address") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "a"));
  const auto sent = only<propose>(b.flush().send, "l1");
  b.ask(operation(s1, 1, "a"), "c1-again");
  CHECK(only<propose>(b.flush().send).empty());
  b.decide(2, sent.at(0).value);
  CHECK(only<response>(b.role.take().send, "c1-again").size() == 1);
  b.ask(operation(s1, 1, "a"), "c1-third");
  CHECK(only<response>(b.role.take().send, "c1-third").at(0).body == "a,");
  CHECK(only<propose>(b.flush().send).empty());
}

TEST_CASE("replica: going past a limit is refused clearly, and costs nothing") {
  replica::settings settings;
  settings.max_pending_requests = 2;
  settings.max_pending_bytes = 100;
  settings.max_op_bytes = 80;
  settings.max_queries = 1;
  replica_bench b{settings};
  b.open_session();
  b.ask(operation(s1, 1, std::string(80, 'x')));
  b.ask(operation(s1, 2, std::string(30, 'x')));
  CHECK(only<response>(b.role.take().send).at(0).status == reply_status::busy);
  b.ask(operation(s1, 2, "x"));
  b.ask(operation(s1, 3, "x"));
  CHECK(only<response>(b.role.take().send).at(0).sequence == 3);
  CHECK(b.role.pending_requests() == 2);
  b.role.on("c1", query{1, ""});
  b.role.on("c1", query{2, ""});
  CHECK(only<query_reply>(b.role.take().send).at(0).status == reply_status::busy);
}

TEST_CASE(
    "replica: hands requests on to the one nearest the active leader, and answers its clients") {
  replica_bench b;
  b.open_session();
  b.hear_leader("l2");
  b.hear_replica("r2", 2, "l2");
  CHECK_FALSE(b.role.proposes());
  b.ask(operation(s1, 1, "a"));
  const auto sent = b.flush().send;
  CHECK(only<propose>(sent).empty());
  CHECK(only<handoff>(sent, "r2").at(0).requests.size() == 1);
  CHECK(only<better_replica>(sent, "c1").at(0).better == "r2");
  b.decide(2, {operation(s1, 1, "a")});
  CHECK(only<response>(b.role.take().send, "c1").size() == 1);
}

TEST_CASE("replica: one that is far behind assigns no slots, though it is the nearest") {
  replica::settings settings;
  settings.near_slots = 10; // and WINDOW: 8
  const auto slots_to = [](slot_num last, replica_bench& b) {
    for (slot_num slot = 2; slot <= last; ++slot)
      b.decide(slot, command{});
  };
  const auto hear = [](replica_bench& b, slot_num r2, slot_num r3) {
    b.hear_leader("l2");
    b.hear_replica("r3", r3, "l2");
    b.hear_replica("r2", r2, "l2");
  };
  replica_bench ahead{settings};
  ahead.open_session();
  slots_to(40, ahead);
  hear(ahead, 39, 41);
  CHECK_FALSE(ahead.role.proposes());
  hear(ahead, 5, 5); // both restarted
  CHECK(ahead.role.proposes());
  hear(ahead, 5, 40); // the next one after r2 is r3
  CHECK_FALSE(ahead.role.proposes());
  ahead.ask(operation(s1, 1, "a"));
  CHECK(only<handoff>(ahead.flush().send, "r3").size() == 1);

  replica_bench behind{settings};
  behind.open_session();
  behind.hear_leader("l1"); // r1 itself is the nearest
  for (const auto* id : {"r2", "r3"})
    behind.hear_replica(id, 40, "l1");
  CHECK_FALSE(behind.role.proposes());
  behind.ask(operation(s1, 1, "a"));
  CHECK(only<handoff>(behind.flush().send, "r2").size() == 1);
  slots_to(30, behind);
  CHECK(behind.role.proposes());
}

TEST_CASE("replica: takes over when the proposer falls silent, or its connection breaks") {
  for (const bool broken : {false, true}) {
    replica_bench b;
    b.open_session();
    b.hear_leader("l2");
    b.hear_replica("r2", 2, "l2");
    b.ask(operation(s1, 1, "a"));
    b.flush();
    replica_outputs out;
    if (broken) {
      b.role.on_peer_down("r2");
      out = b.flush();
    } else {
      for (int i = 0; i < 70; ++i) {
        b.hear_leader("l2");
        for (auto& e : b.tick().send)
          out.send.push_back(std::move(e));
      }
    }
    CHECK(only<propose>(out.send, "l2").size() >= 1);
  }
}

TEST_CASE("replica: requests lost to another command go first in a later slot, in their order") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "a"));
  b.ask(operation(s1, 2, "b"));
  b.flush();
  b.ask(operation(s1, 3, "c"));
  b.decide(2, command{});
  const auto sent = only<propose>(b.flush().send, "l1");
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].slot == 3);
  CHECK(sent[0].value ==
        batch_of({operation(s1, 1, "a"), operation(s1, 2, "b"), operation(s1, 3, "c")}));
}
