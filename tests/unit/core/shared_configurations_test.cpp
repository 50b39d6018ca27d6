// A leader's configurations, alone.
#include "consensus/pmmc/shared_configurations.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// Version 2, with one replica more, governs the slots from 10 on.
config_history two_versions() {
  config_history history{make_config()};
  auto next = make_config(4);
  next.version = 2;
  next.first_slot = 10;
  history.add(next);
  return history;
}

} // namespace

TEST_CASE("shared configurations: one copy of each, which outlives what replaces it") {
  shared_configurations c{"l1", config_history{make_config()}};
  const auto first = c.for_slot(1);
  CHECK(!c.is_older_than(config_history{make_config()}));
  CHECK(!c.is_older_than({}));
  REQUIRE(c.is_older_than(two_versions()));
  c.replace(two_versions());
  CHECK(c.for_slot(9) == first); // the same copy
  CHECK(c.for_slot(10)->version == 2);
  CHECK(c.from(5).size() == 2);
  CHECK(c.from(10).size() == 1);
  CHECK(c.latest().version == 2);
}

TEST_CASE("shared configurations: later replicas learn what is decided before them") {
  const shared_configurations c{"l1", two_versions()};
  CHECK(c.learners_of(9) == std::vector<role_id>{"r4"});
  CHECK(c.learners_of(10).empty());
}

TEST_CASE("shared configurations: acceptors of those that are over are none") {
  config_history history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.acceptors[0].id = "a9";
  history.add(next);
  const shared_configurations c{"l1", history};
  CHECK(c.has_acceptor_from(9, "a1"));
  CHECK(!c.has_acceptor_from(10, "a1"));
  CHECK(c.has_acceptor_from(9, "a9"));
}

TEST_CASE(
    "shared configurations: who leads the latest leads those before, who was removed its own") {
  auto history = config_history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.leaders[0].id = "l9";
  history.add(next);
  const shared_configurations of_removed{"l1", history};
  CHECK(of_removed.may_lead(history.first()));
  CHECK(!of_removed.may_lead(history.latest()));
  CHECK(of_removed.may_lead_from(9));
  CHECK(!of_removed.may_lead_from(10));
  const shared_configurations of_added{"l9", history};
  CHECK(of_added.may_lead(history.first()));
  CHECK(of_added.may_lead_from(10));
  const shared_configurations of_stranger{"l8", history};
  CHECK(!of_stranger.may_lead_from(1));
}

TEST_CASE("shared configurations: replicas count that are of the latest, or of the slot's") {
  auto history = config_history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.replicas[0].id = "r9";
  history.add(next);
  const shared_configurations c{"l1", history};
  CHECK(c.has_replica("r1", 9));
  CHECK(!c.has_replica("r1", 10));
  CHECK(c.has_replica("r9", 1));
  CHECK(!c.has_replica("r8", 1));
}
