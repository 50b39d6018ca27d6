#include "door/unread_output.hpp"

#include <doctest/doctest.h>

using pmmc::door::unread_output;

TEST_CASE("unread output: what is going out counts until it has gone") {
  unread_output output;
  output.added(100);
  output.added(1'000);
  CHECK(output.bytes() == 1'000);
  output.written(900, 900); // 100 went at once; CAF takes the rest
  output.added(300);
  CHECK(output.bytes() == 1'200);
  output.written(400, 300); // 100 of the 900 are left
  CHECK(output.bytes() == 400);
  output.added(350);
  CHECK(output.bytes() == 450);
  output.written(350, 350); // the 900 have gone, and the 350 are next
  output.added(10);
  CHECK(output.bytes() == 360);
  output.written(0, 0);
  CHECK(output.bytes() == 0);
}
