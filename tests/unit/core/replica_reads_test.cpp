#include "membership/reconfiguration.hpp"
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

void reply(replica_bench& b, const read_probe& asked, role_id acceptor, slot_num highest) {
  b.role.on(read_probe_reply{acceptor, asked.round, asked.version, highest});
}

read_probe start_round(replica_bench& b, std::uint64_t number = 1) {
  b.role.on("c1", query{number, ""});
  const auto probes = only<read_probe>(b.flush().send);
  REQUIRE(probes.size() == 3);
  return probes[0];
}

} // namespace

TEST_CASE("reads: wait for a majority, and for every slot that it knows of") {
  replica_bench b;
  const auto probe = start_round(b);
  reply(b, probe, "a1", 1);
  reply(b, probe, "a1", 1);
  CHECK(only<query_reply>(b.role.take().send).empty());
  reply(b, probe, "a2", 0);
  CHECK(only<query_reply>(b.role.take().send).empty()); // slot 1 is not performed
  b.open_session();
  b.role.on("c1", query{2, ""});
  b.flush();
}

TEST_CASE("reads: are answered once slot_out has passed the highest slot accepted") {
  replica_bench b;
  const auto probe = start_round(b);
  reply(b, probe, "a1", 1);
  reply(b, probe, "a2", 2);
  b.decide(1, {opening(1)});
  CHECK(only<query_reply>(b.role.take().send).empty());
  b.decide(2, {operation(session_of_slot_1, 1, "a")});
  const auto answers = only<query_reply>(b.role.take().send, "c1");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].body == "a,");
  CHECK(answers[0].slot == 3);
}

TEST_CASE("reads: large answers go out a few at a time, and all of them in the end") {
  replica::settings settings;
  settings.read_bytes = 3;
  replica_bench b{settings};
  b.open_session();
  b.decide(2, {operation(session_of_slot_1, 1, "a")});
  for (std::uint64_t number = 1; number <= 5; ++number)
    b.role.on("c1", query{number, ""}); // two bytes each
  const auto probe = only<read_probe>(b.flush().send).at(0);
  reply(b, probe, "a1", 0);
  reply(b, probe, "a2", 0);
  std::set<std::uint64_t> answered;
  std::size_t turns = 0;
  for (auto sent = b.role.take().send;; sent = b.flush().send, ++turns) {
    const auto answers = only<query_reply>(sent, "c1");
    CHECK(answers.size() <= 2);
    for (const auto& a : answers)
      answered.insert(a.number);
    if (!b.role.has_reads_to_answer())
      break;
  }
  CHECK(answered.size() == 5);
  CHECK(turns == 2);
}

TEST_CASE("reads: those whose slots are performed are answered, however long their turn takes") {
  replica::settings settings;
  settings.read_bytes = 1;
  replica_bench b{settings};
  b.open_session();
  b.decide(2, {operation(session_of_slot_1, 1, "a")});
  for (std::uint64_t number = 1; number <= 3; ++number)
    b.role.on("c1", query{number, ""});
  const auto probe = only<read_probe>(b.flush().send).at(0);
  reply(b, probe, "a1", 0);
  reply(b, probe, "a2", 0);
  for (unsigned tick = 0; tick <= settings.query_ticks; ++tick)
    b.role.on_tick();
  std::size_t answered = 0;
  for (int turn = 0; turn < 3; ++turn)
    for (const auto& a : only<query_reply>(b.flush().send, "c1")) {
      CHECK(a.status == reply_status::ok);
      ++answered;
    }
  CHECK(answered == 3);
}

TEST_CASE("reads: an answer that the client has no room for is not sent, but how large it is") {
  replica_bench b;
  b.open_session();
  b.decide(2, {operation(session_of_slot_1, 1, "a")});
  for (const std::uint64_t room : {1, 2, 0}) // the answer has two bytes; 0: any
    b.role.on("c1", query{room, "", {}, room});
  const auto probe = only<read_probe>(b.flush().send).at(0);
  reply(b, probe, "a1", 0);
  reply(b, probe, "a2", 0);
  const auto answers = only<query_reply>(b.role.take().send, "c1");
  REQUIRE(answers.size() == 3);
  for (const auto& a : answers) {
    CHECK(a.status == (a.number == 1 ? reply_status::too_large : reply_status::ok));
    CHECK(a.body == (a.number == 1 ? "\x02" : "a,"));
  }
}

TEST_CASE("reads: one that comes in during a round waits for the next round") {
  replica_bench b;
  const auto first = start_round(b, 1);
  b.role.on("c1", query{2, ""});
  CHECK(only<read_probe>(b.flush().send).empty());
  reply(b, first, "a1", 0);
  reply(b, first, "a2", 0);
  CHECK(only<query_reply>(b.role.take().send).size() == 1);
  const auto second = only<read_probe>(b.flush().send);
  REQUIRE(second.size() == 3);
  CHECK(second[0].round != first.round);
  reply(b, first, "a3", 0); // late: it may not know what was written meanwhile
  reply(b, second[0], "a1", 0);
  CHECK(only<query_reply>(b.role.take().send).empty());
}

TEST_CASE("reads: answers to the rounds of an earlier life do not count") {
  replica::settings first_life;
  first_life.id = "r1";
  first_life.seed = 1;
  auto second_life = first_life;
  second_life.seed = 2;
  std::vector<read_probe> probes;
  for (const auto& settings : {first_life, second_life}) {
    replica r{settings, fresh_state(), false};
    r.take();
    r.on("c1", query{1, ""});
    r.flush();
    probes.push_back(only<read_probe>(r.take().send).at(0));
  }
  CHECK(probes[0].round != probes[1].round);
}

TEST_CASE("reads: foreign acceptors and other versions do not make a quorum") {
  replica_bench b;
  const auto probe = start_round(b);
  reply(b, probe, "a1", 0);
  reply(b, probe, "a9", 0);
  auto other = probe;
  other.version = 2;
  reply(b, other, "a2", 0);
  CHECK(only<query_reply>(b.role.take().send).empty());
}

TEST_CASE("reads: one that meets a reconfiguration is asked again, of the new acceptors too") {
  replica_bench b;
  b.open_session();
  const auto probe = start_round(b);
  reply(b, probe, "a1", 2);
  reply(b, probe, "a2", 2);
  const reconfiguration r{1, {}, {{role_kind::acceptor, {"a4", "host4:1", "disk"}}}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  const auto out = b.flush();
  CHECK(only<query_reply>(out.send).empty()); // slot 2 is performed, but a4 has not been asked
  const auto again = only<read_probe>(out.send, "a4");
  REQUIRE(again.size() == 1);
  CHECK(again[0].version == 2);
  auto old = again[0];
  old.version = 1;
  for (const auto* id : {"a1", "a2"}) {
    reply(b, old, id, 2);
    reply(b, again[0], id, 2);
  }
  CHECK(only<query_reply>(b.role.take().send).empty()); // two of four
  reply(b, again[0], "a4", 2);
  CHECK(only<query_reply>(b.role.take().send).size() == 1);
}

TEST_CASE("reads: are asked again, and given up in the end with a reason") {
  replica_bench b;
  const auto probe = start_round(b);
  reply(b, probe, "a2", 0);
  const auto asked_again = b.tick(20).send;
  CHECK(only<read_probe>(asked_again).size() == 2);
  CHECK(only<read_probe>(asked_again, "a2").empty());
  const auto given_up = only<query_reply>(b.tick(300).send);
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].status == reply_status::unavailable);
  CHECK(given_up[0].body.find("1 of 3") != std::string::npos);
  CHECK(given_up[0].body.find("a3 at host3:1") != std::string::npos);
}

TEST_CASE("reads: have the slots that they wait for decided, by no-ops where nothing was") {
  replica_bench b;
  const auto probe = start_round(b);
  reply(b, probe, "a1", 2);
  reply(b, probe, "a2", 0);
  const auto sent = only<propose>(b.tick(40).send, "l1");
  REQUIRE(sent.size() >= 2);
  CHECK(sent[0].slot == 1);
  CHECK(sent[1].slot == 2);
  CHECK(sent[0].value.is_noop());
}

TEST_CASE("reads: the waiting ones are all counted out again") {
  replica::settings settings;
  settings.max_queries = 3;
  replica_bench b{settings};
  for (std::uint64_t round = 0; round < 5; ++round) {
    b.role.on("c1", query{1, ""});
    b.role.on("c1", query{2, ""});
    b.role.on("c1", query{3, ""});
    const auto probe = only<read_probe>(b.flush().send).at(0);
    if (round % 2 == 0) {
      reply(b, probe, "a1", 0);
      reply(b, probe, "a2", 0);
      CHECK(only<query_reply>(b.role.take().send).at(2).status == reply_status::ok);
    } else {
      CHECK(only<query_reply>(b.tick(301).send).at(2).status == reply_status::unavailable);
    }
  }
}
