// The paper's sentences on leaders, scouts and commanders (sections 2.3, 2.4 and 3, figures 6 and
// 7).
#include "core_helpers.hpp"
#include "unit/core/leader_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

const ballot_num b1{1, "l1"};

commander new_commander() { return {"l1", {share(make_config()), {b1, 1, command{"A"}}}}; }
p2b vote(const char* acceptor, ballot_num ballot = b1) { return {acceptor, 1, b1, ballot, 1, 1}; }
p1b promise(const char* acceptor, std::vector<pvalue> accepted = {}) {
  return {acceptor, 1, b1, b1, 1, 0, 1, std::move(accepted)};
}

} // namespace

TEST_CASE("fig 6b: the commander sends p2a to all acceptors") {
  auto c = new_commander();
  const auto asked = only<p2a>(c.take().send);
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].value == pvalue{b1, 1, command{"A"}});
}

TEST_CASE("fig 6b: if |waitfor| < |acceptors|/2, the decision goes to all replicas") {
  auto c = new_commander();
  c.take();
  c.on(vote("a1"));
  CHECK(c.take().empty());
  c.on(vote("a3"));
  CHECK(only<decision>(c.take().send).size() == 3);
}

TEST_CASE("fig 6b: else, ⟨preempted, b'⟩ goes to the leader, and nothing is decided") {
  auto c = new_commander();
  c.on(vote("a1"));
  c.on(vote("a2", {1, "l2"}));
  c.on(vote("a3"));
  CHECK(std::get<preempted>(*c.outcome()).ballot == ballot_num{1, "l2"});
  CHECK(only<decision>(c.take().send).empty());
}

TEST_CASE("fig 6a: the scout sends p1a to all acceptors, a majority makes it adopted") {
  scout s{"l1", {share(make_config()), b1, 1, 0}};
  CHECK(only<p1a>(s.take().send).size() == 3);
  s.on(promise("a1", {{{0, "l2"}, 1, command{"A"}}}));
  CHECK_FALSE(s.outcome());
  s.on(promise("a2", {{{0, "l3"}, 2, command{"B"}}}));
  const auto& won = std::get<adopted>(*s.outcome());
  CHECK(won.ballot == b1);
  CHECK(won.pvalues.size() == 2); // the union of what they have accepted
}

TEST_CASE("fig 6a: the scout is preempted by another, higher ballot") {
  scout s{"l1", {share(make_config()), b1, 1, 0}};
  auto no = promise("a1");
  no.ballot = {2, "l2"};
  s.on(no);
  CHECK(std::get<preempted>(*s.outcome()).ballot == ballot_num{2, "l2"});
}

TEST_CASE("fig 7: initially active = false, ballot_num = (0, self()), and a scout for it") {
  leader_bench b;
  CHECK_FALSE(b.role.is_active());
  CHECK(b.until_scouting().at(0).ballot == ballot_num{0, "l1"});
}

TEST_CASE("fig 7: propose, if there is no other proposal for the slot, it is kept") {
  leader_bench b;
  b.propose(1, "A");
  b.propose(1, "B");
  CHECK(b.role.proposals().at(1) == command{"A"});
}

TEST_CASE("fig 7: propose, if active then a commander is spawned") {
  leader_bench b;
  CHECK(commanders_in(b.propose(1, "A")).empty());
  CHECK(commanders_in(b.elect()).size() == 1);
  CHECK(commanders_in(b.propose(2, "B")).size() == 1);
}

TEST_CASE("fig 7: adopted, proposals := proposals ◁ pmax(pvals), then a commander for each") {
  leader_bench b;
  b.propose(1, "mine");
  b.propose(3, "mine too");
  const auto started = commanders_in(b.elect(
      {{1, {{0, "l2"}, 1, command{"theirs"}}}, {2, {{0, "l2"}, 2, command{"also theirs"}}}}));
  REQUIRE(started.size() == 3);
  CHECK(started[0].value.value == command{"theirs"});
  CHECK(started[1].value.value == command{"also theirs"});
  CHECK(started[2].value.value == command{"mine too"});
  for (const auto& task : started)
    CHECK(task.value.ballot == b.role.ballot());
}

TEST_CASE("2.4: pmax(pvals) takes the command with the maximum ballot number for each slot") {
  scout s{"l1", {share(make_config()), b1, 1, 0}};
  s.on(promise("a1", {{{0, "l2"}, 1, command{"lower"}}}));
  s.on(promise("a2", {{{0, "l3"}, 1, command{"higher"}}}));
  CHECK(std::get<adopted>(*s.outcome()).pvalues.at(1).value == command{"higher"});
}

TEST_CASE("fig 7: preempted by a higher ballot, active := false, the next ballot is above it") {
  leader_bench b;
  b.elect();
  b.role.on(commander_outcome{preempted{{7, "l3"}}}, b.role.ballot());
  CHECK_FALSE(b.role.is_active());
  CHECK(b.until_scouting().at(0).ballot == ballot_num{8, "l1"});
}

TEST_CASE("fig 7: preempted by a ballot that is not higher changes nothing") {
  leader_bench b{5};
  b.elect();
  b.role.on(scout_outcome{preempted{{4, "l2"}}});
  CHECK(b.role.is_active());
}

TEST_CASE("2.4, C1: 'for any ballot b and slot s, … at most one commander is spawned'") {
  leader_bench b;
  b.elect();
  CHECK(commanders_in(b.propose(1, "A", "r1")).size() == 1);
  CHECK(commanders_in(b.propose(1, "A", "r2")).empty());
  CHECK(commanders_in(b.propose(1, "B", "r3")).empty());
}

TEST_CASE("2.4, C2: a command chosen at a lower ballot is proposed again at the higher one") {
  // ⟨1.l2,1,A⟩ was accepted by a1 and a2: whichever two acceptors answer, one of them holds it.
  for (const auto* other : {"a1", "a2"}) {
    scout s{"l1", {share(make_config()), {2, "l1"}, 1, 0}};
    for (const auto* acceptor : {other, "a3"}) {
      p1b told{acceptor, 1, {2, "l1"}, {2, "l1"}, 1, 0, 1, {}};
      if (acceptor == other)
        told.accepted.push_back({{1, "l2"}, 1, command{"A"}});
      s.on(told);
    }
    leader_bench b{2};
    b.propose(1, "B");
    b.until_scouting();
    b.role.on(scout_outcome{std::get<adopted>(*s.outcome())});
    CHECK(commanders_in(b.role.take()).at(0).value.value == command{"A"});
  }
}

TEST_CASE(
    "3: it pings the leader of the higher ballot, and scouts again only when no answer comes") {
  leader_bench b;
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  CHECK(only<ping>(b.role.take().send, "l2").size() == 1);
  b.hear_leader("l2", {3, "l2"}, true);
  CHECK(scouts_in(b.tick(b.role.timeout_ticks() - 1)).empty());
  CHECK_FALSE(b.until_scouting().empty());
}

TEST_CASE("3: the timeout grows by a factor when preempted, and shrinks by a step when a ballot is "
          "adopted or a slot decided") {
  leader_bench b;
  const auto first = b.role.timeout_ticks();
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  const auto grown = b.role.timeout_ticks();
  CHECK(grown == first + first / 2 + 1);
  b.elect();
  CHECK(b.role.timeout_ticks() == grown - 1);
  b.decide(commanders_in(b.propose(1, "A")).at(0));
  CHECK(b.role.timeout_ticks() == grown - 2);
}
