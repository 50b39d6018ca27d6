#include "text/alike.hpp"

#include <doctest/doctest.h>
#include <vector>

using pmmc::text::most_alike;
using pmmc::text::typing_distance;

TEST_CASE("alike: the distance counts what was typed wrong") {
  CHECK(typing_distance("init", "init") == 0);
  CHECK(typing_distance("inti", "init") == 1);  // swapped
  CHECK(typing_distance("ini", "init") == 1);   // left out
  CHECK(typing_distance("iinit", "init") == 1); // put in
  CHECK(typing_distance("unit", "init") == 1);  // replaced
  CHECK(typing_distance("", "init") == 4);
  CHECK(typing_distance("init", "") == 4);
  CHECK(typing_distance("stauts", "status") == 1);
  CHECK(typing_distance("foo", "put") == 3);
}

TEST_CASE("alike: the nearest word, if one is near") {
  const std::vector<std::string_view> words{"init", "put", "get", "import", "export"};
  CHECK(most_alike("inti", words) == "init");
  CHECK(most_alike("imprt", words) == "import");
  CHECK(most_alike("exprot", words) == "export");
  CHECK(most_alike("got", words) == "get");
  CHECK(most_alike("foo", words).empty());
  CHECK(most_alike("set", words) == "get");
  CHECK(most_alike("frobnicate", words).empty());
  CHECK(most_alike("", words).empty());
}
