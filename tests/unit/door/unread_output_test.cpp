#include "door/unread_output.hpp"

#include <doctest/doctest.h>

using pmmc::door::unread_output;

TEST_CASE("unread output: what is going out counts until all of it has gone") {
  unread_output output;
  output.added(100);
  output.added(1'000);
  CHECK(output.bytes() == 1'000);
  output.written(1'000, 1'000); // nothing was going out; now these are
  output.written(900, 0);
  CHECK(output.bytes() == 1'000);
  output.added(300);
  CHECK(output.bytes() == 1'300);
  output.written(301, 300); // one byte of the 1,000 is left, and the buffer with it
  CHECK(output.bytes() == 1'300);
  output.added(350);
  CHECK(output.bytes() == 1'350);
  output.written(350, 350); // the 1,000 have gone, and the 350 are next
  output.added(10);
  CHECK(output.bytes() == 360);
  output.written(10, 10);
  CHECK(output.bytes() == 10);
  output.written(0, 0);
  CHECK(output.bytes() == 0);
}
