#include "change/high_marks.hpp"

#include <doctest/doctest.h>

using pmmc::high_marks;

TEST_CASE("marks: what is higher than ever has grown") {
  high_marks marks;
  CHECK(marks.grow("a", {1, 5}));
  CHECK_FALSE(marks.grow("a", {1, 5}));
  CHECK(marks.grow("a", {2, 5}));
  CHECK(marks.grow("a", {2, 6}));
  CHECK(marks.grow("b", {1, 1}));
}

TEST_CASE("marks: who comes and goes has not grown") {
  high_marks marks;
  CHECK_FALSE(marks.grow("a", {0, 0}));
  CHECK(marks.grow("a", {3, 0}));
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(marks.grow("a", {0, 0}));
    CHECK_FALSE(marks.grow("a", {3, 0}));
  }
  CHECK(marks.grow("a", {0, 1})); // one number may fall while another grows
}
