// Phase 1 in several configurations, alone.
#include "consensus/pmmc/phase_one.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// Version 2 governs the slots from 10 on.
config_history two_versions() {
  config_history configurations{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  configurations.add(next);
  return configurations;
}

adopted answer(config_version version, std::vector<slot_num> slots) {
  adopted m;
  m.version = version;
  for (const auto slot : slots)
    m.pvalues[slot] = {{1, "l2"}, slot, batch_of({operation(1, slot, "a")})};
  return m;
}

} // namespace

TEST_CASE("phase one: a scout for each configuration, once at a ballot") {
  phase_one p;
  CHECK(p.begin(1));
  CHECK(!p.begin(1)); // it is awaited
  CHECK(p.begin(2));
  CHECK(!p.adopt(answer(3, {}), two_versions())); // nobody asked
  CHECK(p.adopt(answer(1, {}), two_versions()));
  CHECK(!p.adopt(answer(1, {}), two_versions()));
  CHECK(p.has_adopted(1));
  CHECK(!p.begin(1));
  CHECK(p.awaited() == std::set<config_version>{2});
  p.give_up(2);
  CHECK(p.awaited().empty());
  CHECK(!p.has_adopted(2));
  p.clear();
  CHECK(!p.has_adopted(1));
  CHECK(p.begin(1));
}

TEST_CASE(
    "phase one: acceptors speak for the slots of their configuration only, and are heard once") {
  phase_one p;
  p.begin(1);
  p.begin(2);
  p.adopt(answer(1, {8, 9, 10}), two_versions());
  p.adopt(answer(2, {9, 11}), two_versions());
  const auto pmax = p.take_pmax();
  std::vector<slot_num> slots;
  for (const auto& [slot, value] : pmax)
    slots.push_back(slot);
  CHECK(slots == std::vector<slot_num>{8, 9, 11});
  CHECK(p.take_pmax().empty());
}
