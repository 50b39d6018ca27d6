// The paper's sentences on acceptors (Paxos Made Simple, sections 2.2 and 2.5).
#include "consensus/simple/acceptor.hpp"
#include "simple/helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

/// One acceptor. What it is asked comes from s1.
struct bench {
  acceptor role{"s0", {}};
  acceptor_state disk = {}; ///< the records that were put out
  std::size_t records = 0;  ///< of the last input

  std::vector<envelope> sent() {
    auto out = role.take();
    records = out.persist.size();
    for (const auto& r : out.persist)
      disk.apply(r);
    return out.send;
  }
  std::vector<envelope> ask(std::uint64_t number, slot_num slot = 1) {
    role.on(prepare{"s1", slot, {number}});
    return sent();
  }
  std::vector<envelope> offer(std::uint64_t number, const char* value, slot_num slot = 1) {
    role.on(accept{"s1", slot, {{number}, command{value}}});
    return sent();
  }
  /// The highest-numbered proposal that it tells of.
  std::optional<proposal> told(std::uint64_t number, slot_num slot = 1) {
    return only<promise>(ask(number, slot), "s1").at(0).highest;
  }
};

} // namespace

TEST_CASE("P1: 'An acceptor must accept the first proposal that it receives'") {
  bench b;
  CHECK(only<accepted>(b.offer(7, "A"), "s1").at(0).number == proposal_number{7});
  CHECK(b.disk.votes.at(1).highest == proposal{{7}, command{"A"}});
}

TEST_CASE(
    "P1a: it can accept n iff it has not responded to a prepare with a number greater than n") {
  for (std::uint64_t promised = 0; promised < 6; ++promised) {
    for (std::uint64_t offered = 0; offered < 6; ++offered) {
      CAPTURE(promised);
      CAPTURE(offered);
      bench b;
      b.ask(promised);
      const auto sent = b.offer(offered, "A");
      CHECK(only<accepted>(sent).size() == (offered >= promised ? 1 : 0));
      CHECK(b.disk.votes.at(1).highest.has_value() == (offered >= promised));
      if (offered < promised)
        CHECK(only<reject>(sent).at(0).promised == proposal_number{promised});
    }
  }
}

TEST_CASE("2.2, phase 1 b: it responds if n is greater than any to which it has responded") {
  bench b;
  CHECK(only<promise>(b.ask(4)).size() == 1);
  CHECK(only<promise>(b.ask(5)).size() == 1);
  const auto no = only<reject>(b.ask(3), "s1").at(0);
  CHECK(no.asked == proposal_number{3});
  CHECK(no.promised == proposal_number{5}); // it 'should probably inform the proposer'
  CHECK(b.disk.votes.at(1).promised == proposal_number{5});
}

TEST_CASE("2.2, phase 1 b: with 'the highest-numbered proposal (if any) that it has accepted'") {
  bench b;
  CHECK_FALSE(b.told(1));
  b.offer(1, "A");
  CHECK(b.told(2) == proposal{{1}, command{"A"}});
  b.offer(5, "B");
  CHECK(b.told(6) == proposal{{5}, command{"B"}});
}

TEST_CASE("2.2: what it accepts it has promised, so a lower one does not replace it") {
  bench b;
  b.offer(5, "B"); // without a prepare
  CHECK(only<reject>(b.offer(3, "A")).size() == 1);
  CHECK(only<reject>(b.ask(4)).size() == 1);
  CHECK(b.told(6) == proposal{{5}, command{"B"}});
}

TEST_CASE("2.5: 'An acceptor records its intended response in stable storage' first") {
  bench b;
  b.ask(3);
  REQUIRE(b.records == 1);
  CHECK(b.disk.votes.at(1).promised == proposal_number{3});
  b.offer(3, "A");
  REQUIRE(b.records == 1);
  CHECK(b.disk.votes.at(1).highest == proposal{{3}, command{"A"}});
}

TEST_CASE("2.5: after a restart an acceptor keeps its promises, and tells what it has accepted") {
  bench b;
  b.offer(3, "A");
  b.ask(8);
  bench again{.role = acceptor{"s0", b.disk}, .disk = b.disk};
  CHECK(only<reject>(again.offer(7, "B")).size() == 1);
  CHECK(again.told(9) == proposal{{3}, command{"A"}});
  CHECK(again.role.highest_accepted() == 1);
}

TEST_CASE("acceptor: a repeated request is answered again, and not made durable again") {
  bench b;
  b.ask(3);
  CHECK(only<promise>(b.ask(3)).size() == 1);
  CHECK(b.records == 0);
  b.offer(3, "A");
  CHECK(only<accepted>(b.offer(3, "A")).size() == 1);
  CHECK(b.records == 0);
}

TEST_CASE("3: 'a sequence of separate instances': slots have nothing to do with each other") {
  bench b;
  b.ask(9, 1);
  b.offer(9, "A", 1);
  CHECK_FALSE(b.told(0, 2));
  CHECK(only<accepted>(b.offer(0, "B", 2)).size() == 1);
  CHECK(b.disk.votes.at(1).promised == proposal_number{9});
  CHECK(b.disk.votes.at(2).promised == proposal_number{0});
}

TEST_CASE("Min: an acceptor never answers for what it has forgotten as if it knew nothing") {
  bench b;
  b.offer(3, "A", 4);
  b.offer(3, "B", 5);
  b.role.collect(5);
  b.sent();
  CHECK(b.records == 1);
  CHECK(b.disk.votes.size() == 1);
  for (int life = 0; life < 2; ++life) {
    for (const auto& sent : {b.ask(9, 4), b.offer(9, "C", 4), b.ask(9, 1), b.offer(9, "C", 0)}) {
      REQUIRE(sent.size() == 1);
      CHECK(only<collected>(sent, "s1").at(0).snapshot_slot == 5);
      CHECK(b.records == 0);
    }
    b = bench{.role = acceptor{"s0", b.disk}, .disk = b.disk}; // and in its next life
  }
  CHECK(b.told(9, 5) == proposal{{3}, command{"B"}});
}

TEST_CASE("Min: collecting less than before changes nothing") {
  bench b;
  b.role.collect(5);
  b.sent();
  b.role.collect(3);
  b.sent();
  CHECK(b.records == 0);
  CHECK(b.disk.min == 5);
}

TEST_CASE("reads: a probe is answered with the highest slot accepted, forgotten ones included") {
  bench b;
  const auto probe = [&] {
    b.role.on(read_probe{"s2", 17});
    const auto told = only<read_probe_reply>(b.sent(), "s2").at(0);
    CHECK(told.round == 17);
    return told.highest;
  };
  CHECK(probe() == 0);
  b.offer(1, "A", 3);
  b.ask(1, 7); // a promise is no acceptance
  CHECK(probe() == 3);
  b.offer(1, "B", 2);
  CHECK(probe() == 3);
  b.role.collect(6);
  CHECK(probe() == 5);
  b = bench{.role = acceptor{"s0", b.disk}, .disk = b.disk};
  CHECK(probe() == 5);
}
