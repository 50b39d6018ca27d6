// A leader that was cut off and comes back leaves the one that serves meanwhile in office.
#include "scenarios/script.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

bool is_of(const role_id& role, const std::string& number) {
  return role.view().substr(1) == number;
}

script_settings seeded(std::uint64_t seed) {
  script_settings s;
  s.seed = seed;
  return s;
}

/// Three processes, each an acceptor, a leader and a replica.
struct cut_off_bench {
  explicit cut_off_bench(std::uint64_t seed) : c{seeded(seed)} {
    REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
    c.run(100);
    REQUIRE(c.active_leaders().size() == 1);
    active = c.active_leaders()[0];
    ballot = c.leader_at(active).ballot();
    passive = is_of(active, "1") ? "2" : "1";
  }

  /// The active leader's ballot is what it was for 10 s, and no other one was tried for.
  void demand_same_leader() {
    for (int i = 0; i < 1'000; ++i) {
      c.run(1);
      REQUIRE(c.active_leaders() == std::vector<role_id>{active});
      REQUIRE(c.leader_at(active).ballot() == ballot);
    }
    CHECK(c.leader_at(role_id{"l" + passive}).preempted_by() == ballot);
    for (const auto& l : c.first_config().leaders)
      CHECK(c.scouts_at(l.id) == 0);
  }

  script c;
  role_id active;
  ballot_num ballot;
  std::string passive; ///< the process of a passive leader
};

} // namespace

TEST_CASE("a passive leader whose process was cut off comes back, and deposes nobody") {
  for (const unsigned ticks : {20, 60, 150, 600})
    for (const bool told : {false, true})
      for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        CAPTURE(seed);
        CAPTURE(ticks);
        CAPTURE(told);
        cut_off_bench b{seed};
        b.c.cut = [&](const role_id& from, const role_id& to) {
          return is_of(from, b.passive) != is_of(to, b.passive);
        };
        if (told)
          b.c.announce_down(b.active);
        b.c.run(ticks);
        b.c.cut = nullptr;
        b.demand_same_leader();
      }
}

TEST_CASE("a leader that is not heard, or is deaf, or starts while it is cut off, deposes nobody") {
  enum class how { not_heard, deaf, starts };
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    for (const auto what : {how::not_heard, how::deaf, how::starts}) {
      CAPTURE(seed);
      CAPTURE(static_cast<int>(what));
      cut_off_bench b{seed};
      const role_id leader{"l" + b.passive};
      b.c.cut = [&](const role_id& from, const role_id& to) {
        return (from == leader && what != how::deaf) || (to == leader && what != how::not_heard);
      };
      if (what == how::starts) {
        b.c.crash(leader);
        b.c.restart(leader);
      }
      for (int i = 0; i < 400; ++i) {
        b.c.run(1);
        REQUIRE(b.c.leader_at(b.active).ballot() == b.ballot);
      }
      b.c.cut = nullptr;
      b.demand_same_leader();
    }
}

TEST_CASE(
    "a leader that reaches a minority of the acceptors only does not disturb the active one") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    cut_off_bench b{seed};
    const role_id leader{"l" + b.passive};
    const role_id reached{"a" + b.passive};
    b.c.cut = [&](const role_id& from, const role_id& to) {
      return (from == leader && to != reached) || (to == leader && from != reached);
    };
    for (int i = 0; i < 1'000; ++i) {
      b.c.run(1);
      REQUIRE(b.c.leader_at(b.active).ballot() == b.ballot);
    }
    b.c.cut = nullptr;
    b.demand_same_leader();
  }
}

TEST_CASE("when all are cut off from each other, one leads soon after the links are back") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    cut_off_bench b{seed};
    b.c.cut = [](const role_id& from, const role_id& to) {
      return from.view().substr(1) != to.view().substr(1);
    };
    b.c.run(1'000);
    CHECK(b.c.active_leaders().empty());
    for (const auto& l : b.c.first_config().leaders)
      CHECK(b.c.scouts_at(l.id) == 0);
    b.c.cut = nullptr;
    CHECK(b.c.run_until([&] { return b.c.active_leaders().size() == 1; }, 200));
  }
}
