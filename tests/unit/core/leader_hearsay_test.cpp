// What a leader knows of acceptors and replicas, alone.
#include "consensus/pmmc/heard_acceptors.hpp"
#include "consensus/pmmc/replica_progress.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("heard acceptors: a majority of the configuration's own, heard since a tick") {
  heard_acceptors h;
  const auto config = make_config();
  h.hear("a1", 5);
  h.hear("a1", 6);
  h.hear("a9", 6);
  CHECK(!h.has_quorum(config, 5));
  h.expect("a2", 5);
  CHECK(h.has_quorum(config, 5));
  CHECK(!h.has_quorum(config, 6));
  h.expect("a2", 9); // it is known already
  CHECK(!h.has_quorum(config, 6));
}

TEST_CASE("heard acceptors: tell whether the active leader has pinged them meanwhile") {
  heard_acceptors h;
  CHECK(h.hear("a1", 7, 1)); // may be of a leader that has gone
  CHECK(!h.hear("a1", 7, 2));
  CHECK(h.hear("a1", 8, 3));
  CHECK(h.hear("a2", 8, 3));
  h.hear("a2", 4);
  CHECK(!h.hear("a2", 8, 5)); // what it said is kept
}

TEST_CASE("replica progress: the least of those that are heard and far enough, the most of all") {
  replica_progress p{10, 0};
  CHECK(p.least(1) == 0);
  CHECK(p.most() == 0);
  p.hear("r1", 30, 1);
  p.hear("r2", 5, 20);
  p.hear("r3", 20, 20);
  CHECK(p.least(11) == 5);
  CHECK(p.least(20) == 5);
  CHECK(p.least(20, 6) == 20);
  CHECK(p.least(20, 21) == 0); // r1 is silent
  CHECK(p.least(11, 21) == 30);
  CHECK(p.most() == 30);
}

TEST_CASE("replica progress: slots are needed of replicas that are near, and of none that lags") {
  replica_progress p{10, 15};
  CHECK(p.needed_from(1) == 1);
  p.hear("r1", 30, 1);
  CHECK(p.needed_from(1) == 30);
  p.hear("r2", 14, 20);
  CHECK(p.needed_from(20) == 30); // it lags, and who performed them is silent
  p.hear("r2", 15, 20);
  CHECK(p.needed_from(20) == 15);
  p.hear("r2", 16, 20);
  CHECK(p.needed_from(20) == 16);
  CHECK(p.needed_from(31) == 30);
  p.hear_watermark(20);
  p.hear_watermark(18);
  CHECK(p.watermark() == 20);
  CHECK(p.needed_from(20) == 20);
}

TEST_CASE("replica progress: in office it does not go back, and after it does") {
  replica_progress p{10, 100};
  p.hear("r1", 30, 1);
  CHECK(p.hold(1) == 30);
  p.hear("r2", 5, 2);
  CHECK(p.needed_from(2) == 30);
  CHECK(p.hold(2) == 30);
  p.release();
  CHECK(p.needed_from(2) == 5);
}
