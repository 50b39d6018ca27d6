#include "door/unread_output.hpp"

#include <doctest/doctest.h>

using pmmc::door::unread_output;

TEST_CASE("unread output: what grows counts, and what goes out until it is freed") {
  unread_output output;
  output.added(100);
  output.added(1'000);
  CHECK(output.bytes() == 1'000);
  output.written(1'000, 0); // they go out
  CHECK(output.bytes() == 1'000);
  output.added(300);
  output.added(350);
  CHECK(output.bytes() == 1'350);
  output.written(1'350, 350); // some of the 1,000 have gone
  CHECK(output.bytes() == 1'350);
  output.written(350, 0); // all of them, and the 350 are next
  output.added(10);
  CHECK(output.bytes() == 360);
  output.written(10, 0);
  CHECK(output.bytes() == 10);
  output.written(0, 0);
  CHECK(output.bytes() == 0);
}
