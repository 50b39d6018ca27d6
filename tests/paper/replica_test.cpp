// The paper's sentences on replicas (section 2.1, figure 1). A batch of one stands for its command.
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {
constexpr auto s1 = session_of_slot_1;

replica::settings one_by_one() {
  replica::settings settings;
  settings.batch_requests = 1;
  settings.eager_slots = 100;
  return settings;
}
} // namespace

TEST_CASE("fig 1: slot_in = slot_out = 1, nothing requested, proposed or decided") {
  replica_bench b;
  CHECK(b.role.slot_in() == 1);
  CHECK(b.role.slot_out() == 1);
  CHECK(b.role.decisions().empty());
  CHECK(b.role.pending_requests() == 0);
}

TEST_CASE(
    "fig 1: propose() takes the next unused slot, and tells the leaders of its configuration") {
  replica_bench b{one_by_one()};
  b.open_session();
  b.ask(operation(s1, 1, "a"));
  b.ask(operation(s1, 2, "b"));
  const auto sent = only<propose>(b.flush().send, "l3");
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].slot == 2);
  CHECK(sent[1].slot == 3);
  CHECK(b.role.slot_in() == 4);
}

TEST_CASE("fig 1: propose() passes over a slot that is already decided") {
  replica_bench b{one_by_one()};
  b.open_session();
  b.decide(2, {operation(s1, 9, "far")});
  b.decide(4, command{});
  b.ask(operation(s1, 1, "a"));
  b.ask(operation(s1, 2, "b"));
  const auto sent = only<propose>(b.flush().send, "l1");
  CHECK(sent.at(0).slot == 3);
  CHECK(sent.at(1).slot == 5);
}

TEST_CASE("fig 1: while slot_in < slot_out + WINDOW: that bounds what is proposed") {
  replica_bench b{one_by_one(), 2};
  b.open_session();
  for (std::uint64_t n = 1; n <= 5; ++n)
    b.ask(operation(s1, n, "x"));
  CHECK(only<propose>(b.flush().send, "l1").size() == 2);
  CHECK(b.role.slot_in() <= b.role.slot_out() + 2);
}

TEST_CASE("fig 1: while ∃⟨slot_out, c'⟩ ∈ decisions: performed in order, a gap holds all up") {
  replica_bench b;
  b.open_session();
  b.decide(4, {operation(s1, 3, "c")});
  b.decide(3, {operation(s1, 2, "b")});
  CHECK(b.role.slot_out() == 2);
  CHECK(b.log().empty());
  b.decide(2, {operation(s1, 1, "a")});
  CHECK(b.role.slot_out() == 5);
  CHECK(b.log() == "a,b,c,");
}

TEST_CASE("fig 1: if c'' ≠ c' then requests := requests ∪ {c''}: proposed again for another slot") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "mine"));
  b.flush();
  b.decide(2, {opening(5)});
  const auto again = only<propose>(b.flush().send, "l1");
  REQUIRE(again.size() == 1);
  CHECK(again[0].slot == 3);
  CHECK(again[0].value == batch_of({operation(s1, 1, "mine")}));
}

TEST_CASE("fig 1: when its own command is decided, it is not proposed again") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "mine"));
  b.decide(2, only<propose>(b.flush().send, "l1").at(0).value);
  CHECK(only<propose>(b.flush().send).empty());
}

TEST_CASE("fig 1: perform(), if ∃ s < slot_out with the same command, it has no second effect") {
  replica_bench b;
  b.open_session();
  b.decide(2, {operation(s1, 1, "a")});
  b.decide(3, {operation(s1, 1, "a")});
  CHECK(b.log() == "a,");
  CHECK(b.role.slot_out() == 4);
}

TEST_CASE("fig 1: perform() sends the client a response with the result") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "a"));
  b.decide(2, only<propose>(b.flush().send, "l1").at(0).value);
  const auto answers = only<response>(b.role.take().send, "c1");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].sequence == 1);
  CHECK(answers[0].body == "a,");
}

TEST_CASE("2.1, R1: the same decision may come many times") {
  replica_bench b;
  b.open_session();
  for (int i = 0; i < 3; ++i)
    b.decide(2, {operation(s1, 1, "a")});
  CHECK(b.role.slot_out() == 3);
  CHECK(b.log() == "a,");
}

TEST_CASE(
    "2.1, R2 and R4: all slots up to slot_out are decided, and it 'cannot decrease over time'") {
  replica_bench b;
  slot_num before = 1;
  for (const slot_num slot : {3, 1, 1, 5, 2, 3, 4, 2, 8}) {
    b.decide(slot, command{});
    CHECK(b.role.slot_out() >= before);
    before = b.role.slot_out();
    for (slot_num s = 1; s < before; ++s)
      CHECK(b.role.decisions().contains(s));
  }
  CHECK(b.role.slot_out() == 6);
}

TEST_CASE("2.1, R3: the state is what the decisions give in their order, however they come") {
  replica_bench in_order;
  replica_bench backwards;
  const std::vector<std::vector<request>> log{{opening(1)},
                                              {operation(s1, 1, "a")},
                                              {operation(s1, 3, "c"), operation(s1, 2, "b")},
                                              {operation(s1, 1, "a")}};
  for (slot_num slot = 1; slot <= log.size(); ++slot) {
    in_order.decide(slot, log[slot - 1]);
    backwards.decide(log.size() + 1 - slot, log[log.size() - slot]);
  }
  CHECK(in_order.log() == "a,b,c,");
  CHECK(in_order.role.state().fingerprint() == backwards.role.state().fingerprint());
}

TEST_CASE("2.1, R5: every slot proposed for is below slot_out + WINDOW, gaps filled included") {
  replica_bench b{one_by_one(), 4};
  b.open_session();
  for (std::uint64_t n = 1; n <= 9; ++n)
    b.ask(operation(s1, n, "x"));
  b.hear_replica("r2", 100);
  auto sent = only<propose>(b.flush().send);
  for (auto& p : only<propose>(b.tick(300).send))
    sent.push_back(p);
  REQUIRE_FALSE(sent.empty());
  for (const auto& p : sent)
    CHECK(p.slot < b.role.slot_out() + 4);
}
