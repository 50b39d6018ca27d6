// Who gives way when too many connections have not said hello.
#include "door/half_open.hpp"

#include <doctest/doctest.h>

using namespace pmmc::door;

TEST_CASE("the oldest one from where most come gives way") {
  half_open_places places;
  CHECK_FALSE(places.oldest());
  places.take(1, "member");
  CHECK(places.first_to_go() == 1);
  for (std::uint64_t n = 2; n <= 5; ++n)
    places.take(n, "scanner");
  places.take(6, "client");
  CHECK(places.size() == 6);
  CHECK(places.oldest() == 1);
  CHECK(places.first_to_go() == 2);
  places.leave(2);
  places.leave(2);
  CHECK(places.first_to_go() == 3);
  places.take(7, "client");
  places.take(8, "client");
  places.take(9, "client");
  CHECK(places.first_to_go() == 6);
  for (std::uint64_t n = 1; n <= 9; ++n)
    places.leave(n);
  CHECK(places.size() == 0);
}
