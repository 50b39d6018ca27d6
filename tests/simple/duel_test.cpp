// Two proposers in one slot (Paxos Made Simple, section 2.4), message by message.
#include "consensus/simple/acceptor.hpp"
#include "consensus/simple/proposer.hpp"
#include "simple/helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <utility>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

constexpr slot_num slot = 1;

/// Three acceptors, and the proposers of s0 and s1.
struct arena {
  explicit arena(std::uint64_t seed) {
    for (const auto& id : server_ids(3))
      acceptors.try_emplace(id, id, acceptor_state{});
    for (std::size_t i = 0; i < 2; ++i)
      proposers.emplace_back(group_of(3, i), slot, command{"of " + id_of(i).str()},
                             proposer::settings{}, seed * 2 + i);
  }

  void begin(std::size_t i) { proposers[i].begin(acceptors.at(id_of(i)).promised(slot)); }
  /// What the proposer has sent reaches all acceptors, and their answers reach it.
  void exchange(std::size_t i) { answer(proposers[i].take()); }
  void answer(const std::vector<envelope>& sent) {
    for (const auto& e : sent) {
      auto& a = acceptors.at(e.to);
      if (const auto* m = std::get_if<prepare>(&e.body))
        a.on(*m);
      else
        a.on(std::get<accept>(e.body));
      for (const auto& answer : a.take().send)
        tell(proposers[answer.to == id_of(0) ? 0 : 1], answer.body);
    }
  }
  static void tell(proposer& to, const message& m) {
    if (const auto* yes = std::get_if<promise>(&m))
      to.on(*yes);
    else if (const auto* vote = std::get_if<accepted>(&m))
      to.on(*vote);
    else
      to.on(std::get<reject>(m));
  }
  bool is_chosen() const { return proposers[0].outcome() || proposers[1].outcome(); }

  std::map<role_id, acceptor> acceptors;
  std::vector<proposer> proposers;
};

} // namespace

TEST_CASE("2.4: 'two proposers each keep issuing a sequence of proposals with increasing numbers, "
          "none of which are ever chosen'") {
  arena a{1};
  a.begin(0);
  a.exchange(0); // p completes phase 1 for n1
  for (int round = 0; round < 50; ++round) {
    for (const std::size_t q : {1, 0}) {
      a.begin(q);
      a.exchange(q);     // q completes phase 1 for n2 > n1
      a.exchange(1 - q); // p's accept requests are ignored, since all have promised n2
      CHECK_FALSE(a.is_chosen());
    }
  }
  CHECK(a.proposers[0].number()->value > 100);
  a.exchange(0); // at last, q leaves p the time for phase 2
  CHECK(a.proposers[0].outcome() == command{"of s0"});
}

TEST_CASE("2.4: with random waits one of them soon comes through, however late messages are") {
  std::uint64_t most_numbers = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    arena a{seed};
    random_source random{seed};
    std::vector<std::pair<int, std::vector<envelope>>> late; // tick of arrival
    a.begin(0);
    a.begin(1);
    int tick = 0;
    for (; tick < 3'000 && !a.is_chosen(); ++tick) {
      for (std::size_t i = 0; i < 2; ++i) {
        late.emplace_back(tick + 1 + static_cast<int>(random.below(4)), a.proposers[i].take());
        a.proposers[i].on_tick();
        if (a.proposers[i].is_due())
          a.begin(i);
      }
      for (const auto& [at, sent] : late)
        if (at == tick)
          a.answer(sent);
    }
    REQUIRE(a.is_chosen());
    for (const auto& p : a.proposers)
      most_numbers = std::max(most_numbers, p.number()->value / 3);
  }
  CHECK(most_numbers < 40);
}

TEST_CASE("P2: what was chosen at one number is what every later one proposes") {
  arena a{1};
  a.begin(0);
  a.exchange(0);
  a.exchange(0);
  REQUIRE(a.proposers[0].outcome() == command{"of s0"});
  for (int i = 0; i < 5; ++i) {
    arena later{static_cast<std::uint64_t>(i)};
    later.acceptors = a.acceptors;
    later.begin(1);
    later.exchange(1);
    later.exchange(1);
    CHECK(later.proposers[1].outcome() == command{"of s0"});
    a.acceptors = later.acceptors;
  }
}
