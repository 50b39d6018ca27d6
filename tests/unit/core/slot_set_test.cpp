// A set of runs is a set, whatever the order in which slots come and go.
#include "base/slot_set.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace pmmc;

TEST_CASE("slot_set: agrees with a set of slots") {
  std::mt19937_64 random{7};
  slot_set runs;
  std::set<slot_num> slots;
  for (int step = 0; step < 20'000; ++step) {
    const slot_num slot = step / 400 + random() % 60;
    runs.insert(slot);
    slots.insert(slot);
    if (random() % 50 == 0) {
      const slot_num below = step / 400 + random() % 20;
      runs.erase_below(below);
      slots.erase(slots.begin(), slots.lower_bound(below));
    }
    const slot_num asked = step / 400 + random() % 62;
    REQUIRE(runs.contains(asked) == slots.contains(asked));
  }
  CHECK(runs.runs().size() <= slots.size());
}
