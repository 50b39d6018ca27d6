// A record of the acceptor's log as it is built: what is written in place is what would be copied.
#include "storage/log_record.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace pmmc;
using namespace pmmc::storage;

namespace {

constexpr std::uint64_t seed = 7;
constexpr write_mark mark{3, 9};

} // namespace

TEST_CASE("a pvalue that is written into a record is the one that its encoding gives") {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, std::size_t{3} << 20}) {
    const pvalue value{{4, "l2"}, 17, command{std::string(bytes, 'v')}};
    CHECK(encoded_bytes(value) == encode(value).size());
    record_builder copied;
    copied.put(pvalue_key(2, 17), encode(value));
    record_builder written;
    CHECK(written.put(2, value) == encode(value));
    CHECK(written.finish(record_kind::write, mark, seed) ==
          copied.finish(record_kind::write, mark, seed));
  }
}

TEST_CASE("a record that was given room does not move while it grows") {
  const pvalue value{{4, "l2"}, 17, command{std::string(std::size_t{2} << 20, 'v')}};
  record_builder record;
  record.reserve(3 * value.value.size());
  const auto first = record.put(1, value);
  record.put(ballot_key(1), encode(value.ballot));
  const auto second = record.put(2, value);
  CHECK(first == encode(value)); // still there
  CHECK(first.data() < second.data());
  const auto bytes = record.finish(record_kind::write, mark, seed);
  CHECK(first.data() >= bytes.data());
  CHECK(first.data() < bytes.data() + bytes.size());
}
