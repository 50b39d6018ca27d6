// What a leader keeps of its decisions, alone.
#include "consensus/pmmc/leader_decisions.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("leader decisions: what is forgotten is not covered any more") {
  leader_decisions d{{100, 100}};
  d.begin_ballot(3);
  for (slot_num slot = 3; slot < 7; ++slot)
    d.add(slot, command{"x"});
  CHECK(d.covered_from() == 3);
  d.forget_below(5);
  CHECK(d.covered_from() == 5);
  CHECK(d.find(4) == nullptr);
  REQUIRE(d.find(5) != nullptr);
  CHECK(*d.find(5) == command{"x"});
  d.forget_below(2);
  CHECK(d.covered_from() == 5);
  d.begin_ballot(4); // phase 1 has looked there again
  CHECK(d.covered_from() == 4);
}

TEST_CASE("leader decisions: no more slots and bytes than the limits say, whoever needs them") {
  leader_decisions few{{1'000, 2}};
  leader_decisions small{{6, 1'000}};
  for (slot_num slot = 1; slot <= 5; ++slot) {
    few.add(slot, command{"abc"});
    small.add(slot, command{"abc"});
  }
  few.forget_below(1);
  small.forget_below(1);
  for (auto* d : {&few, &small}) {
    CHECK(d->covered_from() == 4);
    CHECK(d->find(3) == nullptr);
    CHECK(d->find(4) != nullptr);
  }
}

TEST_CASE("leader decisions: the end is behind the highest, or behind what is not waited for") {
  leader_decisions d{{100, 100}};
  CHECK(d.end() == 1);
  CHECK(d.highest() == 0);
  d.add(7, command{"x"});
  d.add(5, command{"y"});
  CHECK(d.highest() == 7);
  CHECK(d.end() == 8);
  d.give_up_below(20);
  d.give_up_below(10);
  CHECK(d.covered_from() == 20);
  CHECK(d.end() == 20);
  CHECK(d.find(5) != nullptr);
}
