// When snapshots are due, alone.
#include "service/snapshot_schedule.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

TEST_CASE("snapshot schedule: due when the log is larger than a bound and than the state") {
  snapshot_schedule s{1'000};
  s.performed(900);
  CHECK(!s.is_due(1, 0));
  s.performed(100);
  CHECK(s.is_due(1, 0));
  CHECK(!s.is_due(1, 5'000));
  s.performed(5'000);
  CHECK(s.is_due(1, 5'000));
}

TEST_CASE("snapshot schedule: one at a time, and the next when the log has grown again") {
  snapshot_schedule s{1'000};
  s.performed(2'000);
  REQUIRE(s.may_begin(5));
  s.begin();
  CHECK(s.is_saving());
  CHECK(!s.may_begin(6));
  s.performed(2'000);
  CHECK(!s.is_due(9, 0));
  s.saved(5);
  CHECK(s.slot() == 5);
  CHECK(!s.may_begin(5)); // nothing new
  CHECK(s.is_due(1, 0));
  s.saved(3);
  CHECK(s.slot() == 5);
}

TEST_CASE("snapshot schedule: at once at a boundary, but not again and again if that fails") {
  snapshot_schedule s{1'000};
  CHECK(s.is_due(7, 0));
  s.begin();
  s.failed();
  CHECK(!s.is_due(7, 0));
  s.performed(1'000);
  CHECK(s.is_due(7, 0));
  s.begin();
  s.saved(8);
  CHECK(!s.is_due(7, 0));
  CHECK(s.is_due(20, 0));
}

TEST_CASE("snapshot schedule: one that was fetched counts, and begins the log anew") {
  snapshot_schedule s{1'000};
  s.performed(2'000);
  s.has_durable(30);
  s.restart_log();
  CHECK(s.slot() == 30);
  CHECK(!s.is_due(30, 0));
}
