#include "redis/read_size.hpp"

#include <doctest/doctest.h>

using pmmc::redis::read_size;

TEST_CASE("reading: who fills the buffer gets a larger one, and who does not gives it back") {
  read_size size;
  CHECK(size.bytes() == read_size::small_bytes);
  CHECK(!size.received(read_size::small_bytes - 1));
  CHECK(size.received(read_size::small_bytes));
  CHECK(size.bytes() == read_size::large_bytes);
  CHECK(!size.received(read_size::small_bytes + 1));
  CHECK(!size.received(read_size::large_bytes));
  CHECK(size.received(read_size::small_bytes));
  CHECK(size.bytes() == read_size::small_bytes);
}

TEST_CASE("reading: who falls silent behind a large read gives the buffer back, too") {
  for (const auto last : {read_size::small_bytes + 1, read_size::large_bytes}) {
    read_size size;
    size.received(read_size::small_bytes);
    CHECK(!size.received(last));
    CHECK(!size.look()); // something came since the look before
    CHECK(size.bytes() == read_size::large_bytes);
    CHECK(!size.received(last));
    CHECK(!size.look());
    CHECK(size.look());
    CHECK(size.bytes() == read_size::small_bytes);
    CHECK(!size.look());
  }
}
