// When missing decisions are asked for, alone.
#include "consensus/pmmc/missing_decisions.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

namespace {

missing_decisions after_progress_at(std::uint64_t tick) {
  missing_decisions m{{5, 20}};
  m.performed(tick);
  return m;
}

} // namespace

TEST_CASE("missing decisions: are asked for after a stall, and again now and then") {
  auto m = after_progress_at(10);
  CHECK(!m.is_time_to_ask(14));
  CHECK(m.is_time_to_ask(15));
  CHECK(!m.is_time_to_ask(16));
  CHECK(!m.is_time_to_ask(34));
  CHECK(m.is_time_to_ask(35));
  m.performed(40);
  CHECK(!m.is_time_to_ask(44));
  CHECK(m.is_time_to_ask(45)); // a new stall, which waits for no earlier question
}

TEST_CASE("missing decisions: the leaders come later, if a replica may know them") {
  auto m = after_progress_at(10);
  REQUIRE(m.is_time_to_ask(15));
  CHECK(!m.is_time_for_leaders(34, true));
  CHECK(m.is_time_for_leaders(35, true));
  CHECK(!m.is_time_for_leaders(114, false));
  CHECK(m.is_time_for_leaders(115, false));
}

TEST_CASE("missing decisions: a snapshot that did not help does not begin the stall anew") {
  auto m = after_progress_at(10);
  REQUIRE(m.is_time_to_ask(15));
  m.installed(60);
  CHECK(!m.is_time_to_ask(64));
  CHECK(m.is_time_to_ask(65));
  CHECK(m.is_time_for_leaders(65, true));
}

TEST_CASE("missing decisions: each slot is asked for once, until filling begins anew") {
  auto m = after_progress_at(10);
  m.begin_filling(true);
  CHECK(m.is_filling());
  CHECK(m.fill_from(3, 7) == 3);
  CHECK(m.fill_from(4, 9) == 7);
  CHECK(m.fill_from(12, 14) == 12);
  CHECK(m.fill_from(12, 13) == 14); // nothing
  m.begin_filling(false);
  CHECK(!m.is_filling());
  CHECK(m.fill_from(12, 13) == 12);
}

TEST_CASE("missing decisions: the highest slot that was heard of stays") {
  missing_decisions m{{5, 20}};
  m.learn(7);
  m.learn(4);
  CHECK(m.known_slot() == 7);
}
