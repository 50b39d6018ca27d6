#include "exhaustive/search.hpp"

#include <doctest/doctest.h>

using namespace pmmc::exhaustive;

TEST_CASE("x") {}
