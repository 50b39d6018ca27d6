// Which slots have commanders, alone.
#include "consensus/pmmc/commander_slots.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

TEST_CASE("commander slots: the lowest first, so many at a time") {
  commander_slots c{2};
  CHECK(!c.start_next());
  for (const slot_num slot : {5, 3, 4})
    c.add(slot);
  CHECK(c.start_next() == 3);
  CHECK(c.start_next() == 4);
  CHECK(!c.start_next());
  CHECK(c.waiting() == 1);
  CHECK(c.has(5));
  CHECK(!c.is_at_work(5));
  CHECK(!c.was_commanded(5));
  c.finished(3);
  CHECK(c.start_next() == 5);
  CHECK(c.at_work() == std::set<slot_num>{4, 5});
}

TEST_CASE("commander slots: what was commanded at a ballot is known until the next one") {
  commander_slots c{2};
  c.add(3);
  c.start_next();
  c.finished(3);
  CHECK(!c.has(3));
  CHECK(c.was_commanded(3));
  c.stop_all();
  CHECK(c.was_commanded(3)); // its acceptors may have accepted it
  c.add(7);
  c.start_next();
  c.forget_below(4);
  CHECK(!c.was_commanded(3));
  CHECK(c.was_commanded(7));
  c.begin_ballot();
  CHECK(!c.was_commanded(7));
}

TEST_CASE("commander slots: only one that is at work has to be stopped") {
  commander_slots c{1};
  c.add(3);
  c.add(4);
  c.start_next();
  CHECK(c.remove(3));
  CHECK(!c.remove(4));
  CHECK(!c.remove(9));
  CHECK(!c.has(3));
  CHECK(!c.start_next());
  c.add(5);
  c.start_next();
  c.stop_all();
  CHECK(c.at_work().empty());
}
