// When a leader runs, alone.
#include "consensus/pmmc/election_timer.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

namespace {

/// The timeout is 40 ticks at first.
election_timer timer(std::uint64_t seed = 7) { return election_timer{{seed, {20, 100}, 5, 10}}; }

} // namespace

TEST_CASE("election timer: after a start, an active leader has the time to show itself") {
  std::uint64_t least = 1'000;
  std::uint64_t most = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    least = std::min(least, timer(seed).due_tick());
    most = std::max(most, timer(seed).due_tick());
  }
  CHECK(least == 10);
  CHECK(most == 19); // jitter
  const auto t = timer();
  CHECK(!t.has_expired(t.due_tick() - 1));
  CHECK(t.has_expired(t.due_tick()));
}

TEST_CASE("election timer: a sign of an active leader puts it off by the timeout and a half") {
  auto t = timer();
  for (std::uint64_t tick = 100; tick < 200; ++tick) {
    t.put_off(tick);
    CHECK(t.due_tick() >= tick + 40);
    CHECK(t.due_tick() <= tick + 60);
  }
  t.preempted();
  CHECK(t.timeout_ticks() == 61);
  t.succeeded();
  CHECK(t.timeout_ticks() == 60);
  t.put_off(200);
  CHECK(t.due_tick() >= 260);
}

TEST_CASE("election timer: a leader whose connection is broken is waited for a few pings") {
  auto t = timer();
  t.put_off(100);
  t.watched_is_down(100);
  CHECK(t.due_tick() >= 120);
  CHECK(t.due_tick() <= 130);
  t.watch_anew();
  t.put_off(100);
  CHECK(t.due_tick() >= 140);
}

TEST_CASE(
    "election timer: is only put off while it waits for a majority, and only hastened to relieve") {
  auto t = timer();
  t.put_off(100);
  const auto due = t.due_tick();
  t.wait_for_active_leader(100); // shorter than what is waited for already
  CHECK(t.due_tick() == due);
  t.wait_for_active_leader(due);
  CHECK(t.due_tick() >= due + 10);
  t.hasten(due);
  CHECK(t.due_tick() > due);
  CHECK(t.due_tick() <= due + 20);
  const auto soon = t.due_tick();
  t.hasten(due + 100);
  CHECK(t.due_tick() == soon);
  t.restart(300);
  CHECK(t.due_tick() >= 310);
  CHECK(t.due_tick() < 320);
}
