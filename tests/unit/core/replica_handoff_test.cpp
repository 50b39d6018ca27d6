// What a replica hands on to the one that proposes, and what others hand on to it.
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {
constexpr auto s1 = session_of_slot_1;
}

TEST_CASE("replica: what was handed on and is lost is handed on again, but not too early") {
  replica_bench b;
  b.open_session();
  b.hear_leader("l2");
  b.hear_replica("r2", 2, "l2");
  b.tick(3);
  b.ask(operation(s1, 1, "a"));
  b.flush();
  std::size_t again = 0;
  unsigned ticks = 0;
  for (; ticks < 400 && again == 0; ++ticks) {
    b.hear_leader("l2");
    b.hear_replica("r2", 2, "l2");
    again = only<handoff>(b.tick().send, "r2").size();
  }
  CHECK(again == 1);
  CHECK(ticks >= 200);
}

TEST_CASE(
    "replica: what is handed on to it, it proposes, though it takes another for the proposer") {
  replica_bench b;
  b.open_session();
  b.hear_leader("l2");
  b.hear_replica("r2", 2, "l2");
  b.role.on(handoff{"r3", {operation(s1, 1, "a")}});
  const auto sent = b.flush().send;
  CHECK(only<handoff>(sent).empty());
  CHECK(only<propose>(sent, "l2").size() == 1);
}

TEST_CASE("replica: what is handed on to it after its execution is not decided again") {
  // By one that lags behind, and would go on as long as it does.
  replica_bench b;
  b.open_session();
  b.hear_leader("l2");
  b.decide(2, {operation(s1, 1, "a"), operation(s1, 2, "b", 1)});
  b.role.on(handoff{"r3", {operation(s1, 1, "a"), operation(s1, 2, "b")}});
  CHECK(only<propose>(b.flush().send).empty());
}

TEST_CASE("replica: hands nothing on to one that sees another leader, or none") {
  for (const role_id seen : {role_id{}, role_id{"l1"}}) {
    replica_bench b;
    b.open_session();
    b.hear_leader("l2");
    b.hear_replica("r2", 2, seen);
    b.ask(operation(s1, 1, "a"));
    CHECK(only<propose>(b.flush().send, "l2").size() == 1);
  }
}

TEST_CASE("replica: what was handed on is answered if its session ended first") {
  // The proposer knows that, too, and gets no such request decided.
  for (const bool proposes_now : {false, true}) {
    replica_bench b;
    b.open_session();
    b.hear_leader("l2");
    b.hear_replica("r2", 2, "l2");
    b.ask(operation(s1, 2, "b"));
    CHECK(only<handoff>(b.flush().send, "r2").size() == 1);
    b.decide(2, {request{request_kind::end_session, s1, 3, 0, {}}});
    CHECK(only<response>(b.flush().send).empty());
    std::vector<response> answers;
    for (unsigned ticks = 0; ticks < 400 && answers.empty(); ++ticks) {
      b.hear_leader(proposes_now ? "l1" : "l2");
      b.hear_replica("r2", 3, proposes_now ? "l1" : "l2");
      auto sent = b.tick().send;
      for (auto& e : b.flush().send)
        sent.push_back(std::move(e));
      CHECK(only<handoff>(sent).empty());
      answers = only<response>(sent, "c1");
      std::erase_if(answers, [](const response& r) { // until then it is said to be under way
        return r.status == reply_status::unavailable;
      });
    }
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].status == reply_status::session_ended);
    CHECK(b.role.pending_requests() == 0);
  }
}
