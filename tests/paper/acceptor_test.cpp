// The paper's sentences on acceptors (section 2.2, figure 3). Slots start at 1 here, ballots at 0.
#include "base/random.hpp"
#include "consensus/pmmc/acceptor.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct bench {
  acceptor role{{.id = "a1"}, {}};

  p1b ask(ballot_num b) {
    role.on(p1a{b.leader, 1, b, 1});
    return only<p1b>(role.take().send).at(0);
  }
  p2b offer(ballot_num b, slot_num slot, const char* value) {
    role.on(p2a{b.leader, 1, {b, slot, command{value}}});
    return only<p2b>(role.take().send).at(0);
  }
};

} // namespace

TEST_CASE("2.2: ballot_num is initially ⊥, accepted is initially empty") {
  bench b;
  CHECK(b.role.state().by_version.empty());
  CHECK(b.role.current_vitals().ballot.is_bottom());
}

TEST_CASE("2.2: p1a, 'adopts b if and only if it exceeds its current ballot number'") {
  bench b;
  CHECK(b.ask({1, "l1"}).ballot == ballot_num{1, "l1"});
  CHECK(b.ask({1, "l2"}).ballot == ballot_num{1, "l2"});
}

TEST_CASE("2.2: p1b holds 'its current ballot number and all pvalues accepted thus far'") {
  bench b;
  b.offer({0, "l1"}, 1, "A");
  b.offer({1, "l1"}, 2, "B");
  const auto told = b.ask({2, "l2"});
  REQUIRE(told.accepted.size() == 2);
  CHECK(told.accepted[0] == pvalue{{0, "l1"}, 1, command{"A"}});
  CHECK(told.accepted[1] == pvalue{{1, "l1"}, 2, command{"B"}});
}

TEST_CASE("2.2: p1a with a lower ballot is answered with the acceptor's own, which stays") {
  bench b;
  b.ask({3, "l1"});
  const auto refused = b.ask({2, "l2"});
  CHECK(refused.ballot == ballot_num{3, "l1"});
  CHECK(refused.asked == ballot_num{2, "l2"});
}

TEST_CASE("2.2: p2a 'accepts the pvalue if the ballot number equals' its own, and tells its ballot "
          "number") {
  bench b;
  b.ask({1, "l1"});
  CHECK(b.offer({1, "l1"}, 1, "A").ballot == ballot_num{1, "l1"});
  CHECK(b.role.state().by_version.at(1).accepted.at(1).value == command{"A"});
}

TEST_CASE("2.2: p2a with a lower ballot is not accepted") {
  bench b;
  b.ask({2, "l2"});
  CHECK(b.offer({1, "l1"}, 1, "A").ballot == ballot_num{2, "l2"});
  CHECK(b.role.state().by_version.at(1).accepted.empty());
}

TEST_CASE("2.2, A1: 'an acceptor can only adopt strictly increasing ballot numbers'") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    bench b;
    ballot_num highest;
    for (int i = 0; i < 50; ++i) {
      const ballot_num ballot{random.below(9), random.below(2) == 0 ? "l1" : "l2"};
      const auto now = random.below(2) == 0 ? b.ask(ballot).ballot
                                            : b.offer(ballot, 1 + ballot.seqnum, "A").ballot;
      CHECK(now >= highest);
      CHECK(now == std::max(highest, ballot));
      highest = now;
    }
  }
}

TEST_CASE("2.2, A2: 'can only add ⟨b,s,c⟩ to accepted if b = ballot_num'") {
  bench b;
  b.ask({5, "l1"});
  b.offer({4, "l9"}, 1, "old");
  b.offer({5, "l1"}, 2, "new");
  const auto& votes = b.role.state().by_version.at(1);
  CHECK(votes.accepted.size() == 1);
  for (const auto& [slot, p] : votes.accepted)
    CHECK(p.ballot == votes.ballot);
}

TEST_CASE("2.2, A3: 'cannot remove pvalues from accepted'; 4.1 keeps the highest ballot's") {
  bench b;
  b.offer({1, "l1"}, 1, "A");
  b.ask({9, "l2"});
  CHECK(b.role.state().by_version.at(1).accepted.at(1).ballot == ballot_num{1, "l1"});
  b.offer({9, "l2"}, 1, "A");
  CHECK(b.role.state().by_version.at(1).accepted.at(1).ballot == ballot_num{9, "l2"});
}

TEST_CASE("4.2: an acceptor tells leaders what it has collected, and accepts nothing there again") {
  bench b;
  b.offer({1, "l1"}, 1, "A");
  b.role.on(ping{"r1", 1, replica_vitals{.watermark = 2}});
  b.role.take();
  const auto told = b.ask({2, "l2"});
  CHECK(told.accepted.empty());
  CHECK(told.watermark == 2);
  CHECK(b.offer({2, "l2"}, 1, "B").watermark == 2);
  CHECK(b.role.state().by_version.at(1).accepted.empty());
}

TEST_CASE("4.3: nothing is sent that is not in what is to be durable before it") {
  acceptor a{{.id = "a1"}, {}};
  a.on(p1a{"l1", 1, {3, "l1"}, 1});
  auto out = a.take();
  REQUIRE(out.persist.size() == 1);
  CHECK(std::get<promise_record>(out.persist[0]).ballot == ballot_num{3, "l1"});
  a.on(p2a{"l1", 1, {{3, "l1"}, 1, command{"A"}}});
  out = a.take();
  REQUIRE(out.persist.size() == 1);
  CHECK(std::get<accept_record>(out.persist[0]).value.value == command{"A"});
}
