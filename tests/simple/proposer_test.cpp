// The paper's sentences on proposers (Paxos Made Simple, sections 2.2 to 2.5). Of three servers,
// s0 owns 0, 3, 6, …, s1 owns 1, 4, 7, ….
#include "consensus/simple/proposer.hpp"
#include "simple/helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

constexpr slot_num slot = 5;

/// The proposer of s0, which wants "mine" to be chosen.
struct bench {
  explicit bench(std::size_t servers = 3, number_or_none promised = {})
      : role{group_of(servers), slot, command{"mine"}, {.resend_ticks = 4}, 1} {
    role.begin(promised);
  }

  void promise_from(std::size_t acceptor, std::uint64_t number = 0,
                    std::optional<proposal> highest = {}) {
    role.on(promise{id_of(acceptor), slot, {number}, highest});
  }
  void vote_from(std::size_t acceptor, std::uint64_t number = 0) {
    role.on(accepted{id_of(acceptor), slot, {number}});
  }
  void refusal_from(std::size_t acceptor, std::uint64_t promised, std::uint64_t asked = 0) {
    role.on(reject{id_of(acceptor), slot, {asked}, {promised}});
  }
  /// The proposal that is sent to all acceptors, if one is.
  std::optional<proposal> offered() {
    const auto asked = only<accept>(role.take());
    return asked.empty() ? std::nullopt : std::optional{asked.at(0).what};
  }
  /// Ticks until it takes another number.
  unsigned wait_until_due() {
    unsigned ticks = 0;
    for (; !role.is_due() && ticks < 1'000; ++ticks)
      role.on_tick();
    return ticks;
  }

  proposer role;
};

const proposal low{{1}, command{"low"}};
const proposal high{{4}, command{"high"}};

} // namespace

TEST_CASE("2.2, phase 1 a: it sends a prepare request with a number of its own to the acceptors") {
  bench b;
  const auto sent = b.role.take();
  CHECK(sent.size() == 3);
  CHECK(only<prepare>(sent, "s0").at(0).number == proposal_number{0}); // its own one, too
  CHECK(only<prepare>(sent, "s2").at(0).slot == slot);
}

TEST_CASE("2.2, phase 2 a: 'any value if the responses reported no proposals', from a majority") {
  bench b;
  b.promise_from(1);
  CHECK_FALSE(b.offered());
  b.promise_from(2);
  CHECK(b.offered() == proposal{{0}, command{"mine"}});
}

TEST_CASE("P2c: 'v is the value of the highest-numbered proposal among the responses'") {
  for (const bool is_low_first : {true, false}) {
    bench b{5, proposal_number{7}};
    b.promise_from(1, 10, is_low_first ? low : high);
    b.promise_from(2, 10, is_low_first ? high : low);
    CHECK_FALSE(b.offered());
    b.promise_from(3, 10);
    CHECK(b.offered() == proposal{{10}, high.value});
  }
}

TEST_CASE(
    "P2b: a value that may have been chosen is proposed again, once one of a majority tells") {
  bench b;
  b.promise_from(0);
  b.promise_from(2, 0, low);
  CHECK(b.offered()->value == low.value);
}

TEST_CASE("2.2: majorities are of distinct acceptors, for the number in use, of the cluster") {
  bench b{4, proposal_number{1}};
  b.role.take();
  b.promise_from(1, 4);
  b.promise_from(1, 4);
  b.promise_from(2, 0);                   // to an earlier number
  b.role.on(promise{"x", slot, {4}, {}}); // no acceptor
  b.promise_from(2, 4);
  CHECK_FALSE(b.offered()); // two of four are no majority
  b.promise_from(3, 4);
  CHECK(b.offered());

  b.vote_from(1, 4);
  b.vote_from(1, 4);
  b.vote_from(2, 0);
  b.role.on(accepted{"x", slot, {4}});
  b.vote_from(2, 4);
  CHECK_FALSE(b.role.outcome());
  b.vote_from(0, 4);
  CHECK(b.role.outcome() == command{"mine"});
}

TEST_CASE("2.2: what comes after the majority does not change the proposal") {
  bench b;
  b.promise_from(0);
  b.promise_from(1);
  CHECK(b.offered()->value == command{"mine"});
  b.promise_from(2, 0, high);
  b.vote_from(0);
  b.vote_from(1);
  CHECK(b.role.outcome() == command{"mine"});
  CHECK(b.role.take().empty());
}

TEST_CASE("2.2: the acceptor of a higher number informs it, and it abandons its proposal") {
  bench b;
  b.promise_from(0);
  b.refusal_from(1, 7);
  b.promise_from(2); // too late
  CHECK_FALSE(b.offered());
  CHECK(b.wait_until_due() > 0); // never at once
  b.role.begin({});
  CHECK(b.role.number() == proposal_number{9}); // the next of its own
}

TEST_CASE("2.2: in phase 2, too; then it does not know whether its value was chosen") {
  bench b;
  b.promise_from(0);
  b.promise_from(1);
  b.role.take();
  b.vote_from(0);
  b.refusal_from(1, 7);
  b.vote_from(2); // of the abandoned proposal
  CHECK_FALSE(b.role.outcome());
  b.wait_until_due();
  b.role.begin({});
  b.promise_from(2, 9, proposal{{0}, command{"mine"}});
  b.promise_from(1, 9, proposal{{7}, command{"theirs"}});
  CHECK(b.offered() == proposal{{9}, command{"theirs"}});
}

TEST_CASE("2.2: a refusal of an earlier number, or one that is not higher, changes nothing") {
  bench b{3, proposal_number{1}};
  b.role.take();
  b.refusal_from(1, 1, 0);
  b.refusal_from(1, 3, 3);
  b.promise_from(1, 3);
  b.promise_from(2, 3);
  CHECK(b.offered());
}

TEST_CASE("2.5: it 'begins phase 1 with a higher proposal number than any it has already used'") {
  CHECK(bench{3}.role.number() == proposal_number{0});
  CHECK(bench{3, proposal_number{0}}.role.number() == proposal_number{3});
  CHECK(bench{3, proposal_number{8}}.role.number() == proposal_number{9});
}

TEST_CASE("proposer: sends again to those that have not answered, until it has an outcome") {
  bench b;
  b.role.take();
  b.promise_from(1);
  for (int i = 0; i < 4; ++i)
    b.role.on_tick();
  auto sent = b.role.take();
  CHECK(only<prepare>(sent).size() == 2);
  CHECK(only<prepare>(sent, "s1").empty());
  b.promise_from(0);
  b.role.take();
  for (int i = 0; i < 4; ++i)
    b.role.on_tick();
  CHECK(only<accept>(b.role.take()).size() == 3);
  b.vote_from(0);
  b.vote_from(1);
  for (int i = 0; i < 20; ++i)
    b.role.on_tick();
  CHECK(b.role.take().empty());
}

TEST_CASE("2.4: the time that it waits after a lost number is random, and its range doubles") {
  unsigned most = 0, sum_of_first = 0, sum_of_last = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    backoff wait{{.least_ticks = 2, .most_ticks = 64}, seed};
    sum_of_first += wait.next_ticks();
    for (int i = 0; i < 10; ++i) {
      const auto ticks = wait.next_ticks();
      CHECK(ticks >= 1);
      CHECK(ticks <= 64);
      most = std::max(most, ticks);
    }
    sum_of_last += wait.next_ticks();
  }
  CHECK(sum_of_first <= 200);
  CHECK(sum_of_last > 2'000);
  CHECK(most > 55);
}
