// Decisions kept for others, alone.
#include "consensus/pmmc/kept_decisions.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

command of(const std::string& text) { return batch_of({operation(1, 1, text)}); }

} // namespace

TEST_CASE("kept decisions: are known once, and bytes are those of what is kept") {
  kept_decisions d;
  CHECK(d.add(3, of("a")));
  CHECK(!d.add(3, of("a")));
  CHECK(d.add(4, of("bcd")));
  CHECK(d.size() == 2);
  CHECK(d.bytes() == of("a").size() + of("bcd").size());
  CHECK(*d.find(4) == of("bcd"));
  CHECK(d.find(5) == nullptr);
  d.forget_first();
  CHECK(!d.contains(3));
  CHECK(d.first_slot() == 4);
  CHECK(d.bytes() == of("bcd").size());
  d.forget_below(4);
  CHECK(d.size() == 1);
  d.forget_below(9);
  CHECK(d.empty());
  CHECK(d.bytes() == 0);
}

TEST_CASE("kept decisions: a page ends at a gap, before the end, and when it is large enough") {
  kept_decisions d;
  for (const slot_num slot : {2, 3, 4, 6})
    d.add(slot, of(std::to_string(slot)));
  CHECK(d.page(2, 100, 1'000) == std::vector<command>{of("2"), of("3"), of("4")});
  CHECK(d.page(2, 4, 1'000) == std::vector<command>{of("2"), of("3")});
  CHECK(d.page(3, 100, 1) == std::vector<command>{of("3")});
  CHECK(d.page(5, 100, 1'000).empty());
  CHECK(d.page(1, 100, 1'000).empty());
}
