// What a Redis port holds until it knows the time.
#include "redis/connection_event.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

using kind = redis::connection_event::kind;

redis::connection_event requests(redis::connection_id id, std::string_view name) {
  redis::connection_event e{kind::requests, id};
  e.requests.emplace_back().add(name);
  return e;
}

redis::connection_events many(std::initializer_list<redis::connection_event> events) {
  return events;
}

} // namespace

TEST_CASE("what a connection sent before the port began comes in its order") {
  redis::held_events held;
  held.add(many({{kind::opened, 2, "two"}, {kind::opened, 1, "one"}, requests(1, "a")}));
  held.add(many({requests(2, "b"), requests(1, "c")}));
  const auto all = held.take();
  REQUIRE(all.size() == 5);
  CHECK(all[0].what == kind::opened);
  CHECK(all[0].peer == "one");
  CHECK(all[1].requests.at(0)[0] == "a");
  CHECK(all[2].requests.at(0)[0] == "c");
  CHECK(all[3].peer == "two");
  CHECK(all[4].requests.at(0)[0] == "b");
  CHECK(held.take().empty());
}

TEST_CASE("of a connection that closed before the port began nothing is held") {
  redis::held_events held;
  for (redis::connection_id id = 1; id <= 1'000; ++id) {
    held.add(many({{kind::opened, id, "one"}, requests(id, "a")}));
    held.add(many({requests(id, "b"), {kind::closed, id}}));
    CHECK(held.connections() == 0);
  }
  held.add(many({{kind::opened, 1'001, "last"}, {kind::closed, 7}}));
  CHECK(held.connections() == 1);
  CHECK(held.take().size() == 1);
}

} // namespace pmmc::test
