#include "consensus/pmmc/commander.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

const ballot_num mine{2, "l1"};

commander start(std::size_t acceptors = 3) {
  return commander{"l1", {share(make_config(acceptors)), {mine, 7, command{"A"}}}, 10};
}
p2b vote(const char* acceptor) { return {acceptor, 1, mine, mine, 7, 1}; }

} // namespace

TEST_CASE("commander: a majority of distinct acceptors decides, and every replica is told") {
  auto c = start(5);
  CHECK(only<p2a>(c.take().send).size() == 5);
  for (int i = 0; i < 3; ++i)
    c.on(vote("a1")); // the same vote again is one vote
  c.on(vote("a2"));
  CHECK_FALSE(c.outcome());
  c.on(vote("a3"));
  REQUIRE(c.outcome());
  CHECK(std::get<decided>(*c.outcome()).value.value == command{"A"});
  const auto told = c.take().send;
  CHECK(only<decision>(told).size() == 5);
  CHECK(only<decision>(told, "r4").at(0).slot == 7);
  c.on(vote("a4"));
  CHECK(c.take().empty());
}

TEST_CASE("commander: only a higher ballot preempts; other answers are nothing at all") {
  auto c = start();
  c.on(vote("a1"));
  auto lower = vote("a2");
  lower.ballot = {1, "l3"};
  c.on(lower);
  auto other_slot = vote("a2");
  other_slot.slot = 8;
  c.on(other_slot);
  auto other_version = vote("a2");
  other_version.version = 2;
  c.on(other_version);
  auto earlier = vote("a2");
  earlier.asked = earlier.ballot = {1, "l1"};
  c.on(earlier);
  auto stale_refusal = vote("a2");
  stale_refusal.asked = {1, "l1"};
  stale_refusal.ballot = {5, "l2"};
  c.on(stale_refusal);
  c.on(vote("a9"));
  CHECK_FALSE(c.outcome());
  auto higher = vote("a2");
  higher.ballot = {2, "l2"};
  c.on(higher);
  REQUIRE(c.outcome());
  CHECK(std::get<preempted>(*c.outcome()).ballot == ballot_num{2, "l2"});
}

TEST_CASE("commander: a slot below an acceptor's watermark is not decided again") {
  auto c = start();
  auto gone = vote("a1");
  gone.ballot = {1, "l1"}; // it does not promise for a slot that it has dropped
  gone.watermark = 8;
  c.on(gone);
  REQUIRE(c.outcome());
  CHECK(std::get<below_watermark>(*c.outcome()).watermark == 8);
  c.take();
  c.on(vote("a2"));
  c.on(vote("a3"));
  CHECK(c.take().empty());
}

TEST_CASE("commander: sends again to those that have not voted, until it is done") {
  auto c = start();
  c.take();
  c.on(vote("a2"));
  for (int i = 0; i < 10; ++i)
    c.on_tick();
  const auto sent = c.take().send;
  CHECK(only<p2a>(sent).size() == 2);
  CHECK(only<p2a>(sent, "a2").empty());
  c.on(vote("a1"));
  c.take();
  for (int i = 0; i < 40; ++i)
    c.on_tick();
  CHECK(c.take().empty());
}
