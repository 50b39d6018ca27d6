#include "kv/log_clock.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace pmmc::kv;
using pmmc::random_source;
using pmmc::role_id;

namespace {

constexpr std::int64_t today = 1'700'000'000'000;
constexpr std::int64_t days_400 = 400LL * 86'400'000;
constexpr std::int64_t bound = max_clock_skew_ms;

replica_clocks clocks_of(std::size_t count) {
  replica_clocks c;
  std::vector<role_id> ids;
  for (std::size_t i = 1; i <= count; ++i)
    ids.push_back("r" + std::to_string(i));
  c.set_replicas(ids);
  return c;
}

} // namespace

TEST_CASE("a single replica's clock is the majority") {
  auto c = clocks_of(1);
  CHECK(!c.agreed_ms(0));
  c.heard("r1", today, 5);
  CHECK(c.agreed_ms(5) == today);
  CHECK(c.agreed_ms(105) == today + 100); // it goes on
  CHECK(c.skew_ms("r1", 105) == 0);
}

TEST_CASE("fewer than a majority agree on nothing") {
  auto c = clocks_of(3);
  c.heard("r1", today, 0);
  CHECK(!c.agreed_ms(0));
  CHECK(!c.skew_ms("r1", 0));
  c.heard("r1", today, 0); // the same one again
  CHECK(!c.agreed_ms(0));
  c.heard("r2", today + 7, 0);
  CHECK(c.agreed_ms(0) == today);
  auto two = clocks_of(2);
  two.heard("r1", today, 0);
  CHECK(!two.agreed_ms(0));
  auto four = clocks_of(4);
  four.heard("r1", today, 0);
  four.heard("r2", today, 0);
  CHECK(!four.agreed_ms(0));
}

TEST_CASE("a minority of wrong clocks moves nothing") {
  for (const auto wrong : {days_400, -days_400}) {
    auto c = clocks_of(3);
    c.heard("r1", today, 0);
    c.heard("r2", today + 30, 0);
    c.heard("r3", today + wrong, 0);
    const auto agreed = c.agreed_ms(0);
    REQUIRE(agreed);
    CHECK(*agreed >= today);
    CHECK(*agreed <= today + 30);
    CHECK(std::abs(*c.skew_ms("r3", 0) - wrong) <= 30);
    CHECK(std::abs(*c.skew_ms("r1", 0)) <= 30);
  }
}

TEST_CASE("of two clocks of three that differ, the earlier one is agreed on") {
  auto c = clocks_of(3);
  c.heard("r1", today, 0);
  c.heard("r3", today + days_400, 0);
  CHECK(c.agreed_ms(0) == today);
}

TEST_CASE("a wrong majority is believed: nothing here can tell") {
  auto c = clocks_of(3);
  c.heard("r1", today, 0);
  c.heard("r2", today + days_400, 0);
  c.heard("r3", today + days_400 + 5, 0);
  CHECK(c.agreed_ms(0) == today + days_400);
}

TEST_CASE("what was said too long ago does not count, nor does who is no replica") {
  auto c = clocks_of(3);
  c.heard("r1", today, 0);
  c.heard("r2", today, 0);
  c.heard("r9", today, max_reading_age_ms);
  c.heard("r1", today + max_reading_age_ms, max_reading_age_ms);
  CHECK(c.agreed_ms(max_reading_age_ms));
  c.heard("r1", today, max_reading_age_ms + 1);
  CHECK(!c.agreed_ms(max_reading_age_ms + 1)); // r2 is silent
  c.heard("r2", today, max_reading_age_ms + 1);
  CHECK(c.agreed_ms(max_reading_age_ms + 1));
  c.set_replicas({"r2", "r4", "r5"}); // r1 was removed
  CHECK(!c.agreed_ms(max_reading_age_ms + 1));
}

TEST_CASE("times that no clock has are not heard") {
  auto c = clocks_of(1);
  c.heard("r1", -1, 0);
  c.heard("r1", INT64_MAX, 0);
  c.heard("r1", INT64_MIN, 0);
  CHECK(!c.agreed_ms(0));
}

TEST_CASE("before the first agreement there is no time") {
  log_clock port;
  CHECK(!port.read({today, 0}));
  CHECK(!port.read({today + days_400, 0}));
}

TEST_CASE("the own clock is followed within the bound, at the moment of use") {
  log_clock port;
  port.agreed(today, 100);
  CHECK(port.read({today + 3, 100}) == today + 3);
  CHECK(port.read({today - 3, 100}) == today - 3);
  CHECK(port.read({today + bound, 100}) == today + bound);
  CHECK(port.read({today - bound, 100}) == today - bound);
  CHECK(port.read({today + bound + 1, 100}) == today); // refused
  CHECK(port.read({today + days_400, 100}) == today);  // it jumped after the agreement
  CHECK(port.read({today + days_400, 101}) == today + 1);
  CHECK(port.read({today - days_400, 100}) == today);
  CHECK(port.read({today + 50, 150}) == today + 50);
}

TEST_CASE("what was agreed goes on without a majority, never beyond either own clock") {
  constexpr std::int64_t hour = 3'600'000;
  log_clock port;
  port.agreed(today, 0);
  CHECK(port.read({today + hour, hour}) == today + hour);
  CHECK(port.read({today + days_400, hour}) == today + hour);
  // A steady clock that runs too fast carries nothing ahead of the wall clock.
  CHECK(port.read({today + hour, 2 * hour}) == today + hour);
  // The machine slept: its steady clock stood still, so the time is late.
  CHECK(port.read({today + hour, 1'000}) == today + 1'000);
  port.agreed(today + hour, 1'200);
  CHECK(port.read({today + hour, 1'200}) == today + hour);
}

// Processes with clocks of their own tell each other what these say, late and with gaps, while
// fewer than half are set to anything, for a moment or for ever.
TEST_CASE("a simulated set of clocks: wrong ones never move the log time beyond the bound") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    random_source dice{seed};
    const auto count = 1 + dice.below(7);
    const auto wrong = dice.below(count - count / 2); // how many may be
    constexpr std::int64_t right_within_ms = 500;
    struct process {
      replica_clocks clocks;
      log_clock port;
      std::int64_t offset_ms = 0, steady_base = 0, paused_until = 0;
    };
    std::vector<process> all(count);
    for (auto& p : all) {
      p.clocks = clocks_of(count);
      p.offset_ms = static_cast<std::int64_t>(dice.below(right_within_ms));
      p.steady_base = static_cast<std::int64_t>(dice.below(1'000'000));
    }
    struct letter {
      std::int64_t due;
      std::size_t from, to;
      std::int64_t wall;
    };
    std::vector<letter> mail;
    std::int64_t log_now = 0;
    const bool quiet = dice.below(2) == 0; // nobody is paused or silent
    for (std::int64_t t = 0; t < 20'000; t += 100) {
      const auto truth = today + t;
      for (std::size_t i = 0; i < count; ++i) {
        auto& p = all[i];
        if (i < wrong && dice.below(10) == 0)
          p.offset_ms = static_cast<std::int64_t>(dice.below(2 * days_400)) - days_400;
        if (!quiet && dice.below(50) == 0)
          p.paused_until = t + static_cast<std::int64_t>(dice.below(5'000));
        const auto from = "r" + std::to_string(i + 1);
        if (t < p.paused_until)
          continue;
        p.clocks.heard(from, truth + p.offset_ms, p.steady_base + t);
        for (std::size_t j = 0; j < count; ++j)
          if (j != i && (quiet || dice.below(4) != 0))
            mail.push_back({t + static_cast<std::int64_t>(dice.below(quiet ? 200 : 3'000)), i, j,
                            truth + p.offset_ms});
      }
      std::erase_if(mail, [&](const letter& m) {
        auto& p = all[m.to];
        if (m.due > t || t < p.paused_until)
          return false;
        p.clocks.heard("r" + std::to_string(m.from + 1), m.wall, p.steady_base + t);
        return true;
      });
      for (std::size_t i = 0; i < count; ++i) {
        auto& p = all[i];
        if (t < p.paused_until)
          continue;
        if (const auto agreed = p.clocks.agreed_ms(p.steady_base + t))
          p.port.agreed(*agreed, p.steady_base + t);
        const auto time = p.port.read({truth + p.offset_ms, p.steady_base + t});
        if (time)
          log_now = std::max(log_now, static_cast<std::int64_t>(*time));
        REQUIRE(log_now <= truth + right_within_ms + bound);
        if (quiet && t > 1'000) { // whatever its own clock says
          REQUIRE(time);
          REQUIRE(static_cast<std::int64_t>(*time) >= truth - right_within_ms - bound);
        }
      }
    }
  }
}
