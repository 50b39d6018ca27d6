// Slots to be looked up again, alone.
#include "consensus/pmmc/slot_recovery.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pmmc;

namespace {

std::vector<slot_num> slots_of(const std::map<slot_num, command>& found) {
  std::vector<slot_num> slots;
  for (const auto& [slot, value] : found)
    slots.push_back(slot);
  return slots;
}

using slots = std::vector<slot_num>;

} // namespace

TEST_CASE("slot recovery: the lowest slot first, one scout at a time") {
  slot_recovery r{10};
  CHECK(!r.next());
  r.want(7, {});
  r.want(5, {});
  CHECK(r.next() == 5);
  r.begin(5);
  CHECK(!r.next());
  CHECK(r.is_at(5));
  CHECK(!r.is_at(7));
  r.want(3, {});
  CHECK(slots_of(r.finish(7)) == slots{5});
  CHECK(!r.is_at(5));
  CHECK(r.next() == 3); // what was asked for below meanwhile is not lost
}

TEST_CASE("slot recovery: keeps the first proposal of a slot, and not more than it may") {
  slot_recovery r{2};
  r.want(7, command{"first"});
  r.want(7, command{"second"});
  r.want(8, {});
  r.want(9, {});
  r.begin(7);
  const auto found = r.finish(100);
  CHECK(slots_of(found) == slots{7, 8});
  CHECK(found.at(7) == command{"first"});
}

TEST_CASE("slot recovery: what is settled otherwise is looked up no more") {
  slot_recovery r{10};
  for (const slot_num slot : {3, 4, 5, 6})
    r.want(slot, {});
  r.forget_if([](slot_num slot) { return slot == 3; });
  r.begin(4);
  CHECK(!r.forget_below(4));
  CHECK(r.is_at(4));
  CHECK(r.forget_below(6) == 4); // its scout is to be stopped
  CHECK(r.next() == 6);
  r.begin(6);
  r.clear();
  CHECK(!r.is_at(6));
  CHECK(!r.next());
}
