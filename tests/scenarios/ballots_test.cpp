// Stories about ballots, told step by step with real roles and no clock. Slots start at 1 here; the
// leaders are called "0" and "1" where a story calls their ballots 0.0, 0.1, 1.0 and so on.
#include "consensus/pmmc/acceptor.hpp"
#include "unit/core/leader_bench.hpp"
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// Acceptors a1, a2, … and leaders that talk to some of them only.
class board {
public:
  explicit board(std::size_t acceptors) : config_(share(make_config(acceptors))) {
    for (const auto& m : config_->acceptors)
      acceptors_.emplace_back(acceptor::settings{m.id}, acceptor_state{});
  }

  acceptor& at(std::size_t n) { return acceptors_.at(n - 1); }

  p1b ask(std::size_t n, ballot_num ballot) {
    at(n).on(p1a{ballot.leader, 1, ballot, 1});
    return only<p1b>(at(n).take().send).at(0);
  }

  p2b offer(std::size_t n, ballot_num ballot, slot_num slot, const char* value) {
    at(n).on(p2a{ballot.leader, 1, {ballot, slot, command{value}}});
    return only<p2b>(at(n).take().send).at(0);
  }

  /// A scout that reaches only `reached`.
  scout_outcome scout_for(ballot_num ballot, const std::vector<std::size_t>& reached) {
    scout s{ballot.leader, {config_, ballot, 1, 0}};
    for (const auto n : reached)
      s.on(ask(n, ballot));
    REQUIRE(s.outcome());
    return *s.outcome();
  }

  /// What a leader with `ballot` must propose for `slot`, once `reached` have adopted it.
  std::string found(ballot_num ballot, slot_num slot, const std::vector<std::size_t>& reached) {
    const auto outcome = scout_for(ballot, reached);
    const auto& pvalues = std::get<adopted>(outcome).pvalues;
    const auto it = pvalues.find(slot);
    return it == pvalues.end() ? "" : std::string{it->second.value.bytes()};
  }

  pvalue held(std::size_t n, slot_num slot) {
    return at(n).state().by_version.at(1).accepted.at(slot);
  }

private:
  std::shared_ptr<const configuration> config_;
  std::deque<acceptor> acceptors_;
};

const ballot_num b0_0{0, "0"};
const ballot_num b0_1{0, "1"};

} // namespace

TEST_CASE("an acceptor that adopted 0.1 and accepted A does not listen to 0.0 any more") {
  board b{3};
  b.ask(1, b0_1);
  b.offer(1, b0_1, 1, "A");

  const auto promise = b.ask(1, b0_0);
  CHECK(promise.ballot == b0_1);
  CHECK(promise.accepted.empty());
  CHECK(b.offer(1, b0_0, 1, "B").ballot == b0_1);
  CHECK(b.held(1, 1) == pvalue{b0_1, 1, command{"A"}});
}

TEST_CASE("a leader refused by a majority goes passive, and comes back with 1.0") {
  board b{3};
  leader_bench zero{0, {}, "0"};
  for (const std::size_t n : {1, 2, 3})
    b.ask(n, b0_1);

  CHECK(zero.until_scouting().at(0).ballot == b0_0);
  zero.role.on(b.scout_for(b0_0, {1, 2}));
  CHECK_FALSE(zero.role.is_active());
  CHECK(zero.role.preempted_by() == b0_1);

  const ballot_num b1_0{1, "0"};
  CHECK(zero.until_scouting().at(0).ballot == b1_0);
  zero.role.on(b.scout_for(b1_0, {1, 2}));
  CHECK(zero.role.is_active());
}

TEST_CASE("a leader that wants B at 3.0 proposes A, which an acceptor holds since 2.1") {
  board b{3};
  b.offer(2, {2, "1"}, 1, "A");
  leader_bench zero{3, {}, "0"};
  zero.propose(1, "B");
  const auto ballot = zero.until_scouting().at(0).ballot;
  CHECK(ballot == ballot_num{3, "0"});

  zero.role.on(b.scout_for(ballot, {1, 2}));
  const auto started = commanders_in(zero.role.take());
  REQUIRE(started.size() == 1);
  CHECK(started[0].value == pvalue{ballot, 1, command{"A"}});
}

TEST_CASE(
    "an old entry at a minority: who comes back can bring it in only if nothing newer was chosen") {
  board b{5};
  const ballot_num first{1, "0"};
  b.offer(1, first, 1, "A");
  b.offer(2, first, 1, "A"); // two of five: not chosen; then "0" loses office

  const ballot_num second{2, "1"};
  CHECK(b.found(second, 1, {3, 4, 5}).empty()); // "1" finds nothing and proposes B …

  SUBCASE("B was chosen meanwhile: the one that comes back proposes B itself") {
    for (const std::size_t n : {3, 4, 5})
      b.offer(n, second, 1, "B");
    CHECK(b.found({3, "0"}, 1, {1, 2, 3}) == "B");
    // Late messages of its first term do not undo it either.
    CHECK(b.offer(4, first, 1, "A").ballot > first);
    CHECK(b.held(4, 1).value == command{"B"});
  }
  SUBCASE("B reached one acceptor only: A may still be chosen at 3.0, and then stays chosen") {
    b.offer(5, second, 1, "B");
    const ballot_num third{3, "0"};
    CHECK(b.found(third, 1, {1, 2, 3}) == "A");
    for (const std::size_t n : {1, 2, 3})
      b.offer(n, third, 1, "A");
    CHECK(b.found({4, "1"}, 1, {3, 4, 5}) == "A"); // though a5 still holds B
  }
  SUBCASE("what was accepted again at the new ballot outweighs what is older, wherever it lies") {
    b.offer(5, second, 1, "B");
    const ballot_num third{3, "0"};
    b.scout_for(third, {1, 2, 3});
    b.offer(1, third, 1, "A");                     // one acceptor: not chosen
    CHECK(b.found({4, "1"}, 1, {2, 4, 5}) == "B"); // does not see ⟨3.0,1,A⟩
    for (const std::size_t n : {2, 4, 5})
      b.offer(n, {4, "1"}, 1, "B");
    CHECK(b.found({5, "0"}, 1, {1, 2, 3}) == "B"); // now ⟨4.1,1,B⟩ outweighs it
  }
}

TEST_CASE("a replica that has decisions for 1, 2 and 4 does not perform 4 before 3") {
  replica_bench b;
  b.decide(1, {opening(1)});
  b.decide(2, {operation(session_of_slot_1, 1, "a")});
  b.decide(4, {operation(session_of_slot_1, 3, "c")});
  CHECK(b.role.slot_out() == 3);
  CHECK(b.log() == "a,");
  b.decide(3, {operation(session_of_slot_1, 2, "b")});
  CHECK(b.role.slot_out() == 5);
  CHECK(b.log() == "a,b,c,");
}

TEST_CASE("a replica whose slot went to another command proposes its own again, later") {
  replica_bench b;
  b.open_session();
  b.ask(operation(session_of_slot_1, 1, "mine"));
  CHECK(only<propose>(b.flush().send, "l1").at(0).slot == 2);
  b.decide(2, {opening(2)});
  const auto again = only<propose>(b.flush().send, "l1").at(0);
  CHECK(again.slot == 3);
  b.decide(3, again.value);
  CHECK(b.log() == "mine,");
}
