// A record of the acceptor's log as it is built: what is written from where it lies is what would
// be copied.
#include "storage/acceptor_codec.hpp"
#include "storage/log_record.hpp"
#include "storage/posix_disk.hpp"

#include "scratch.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

using namespace pmmc;
using namespace pmmc::storage;

namespace {

constexpr std::uint64_t seed = 7;
constexpr write_mark mark{3, 9};

std::string joined(byte_pieces pieces) {
  std::string bytes;
  for (const auto piece : pieces)
    bytes += piece;
  return bytes;
}

pvalue of_size(std::size_t bytes, slot_num slot = 17) {
  return {{4, "l2"}, slot, command{std::string(bytes, static_cast<char>('a' + slot % 26))}};
}

std::string copied(const std::vector<pvalue>& values) {
  record_builder record;
  for (const auto& v : values)
    record.put(pvalue_key(2, v.slot), encode(v));
  return joined(record.finish(record_kind::write, mark, seed));
}

} // namespace

TEST_CASE("pvalues that are put into a record are those that their encodings give") {
  for (const std::size_t first : {0, 5, 17, 100'000, 3 << 20})
    for (const std::size_t second : {0, 3, 50'001}) {
      const std::vector<pvalue> values{of_size(first, 17), of_size(second, 18), of_size(9, 19)};
      record_builder record;
      for (const auto& v : values)
        CHECK(joined(record.put(2, v)) == encode(v));
      const auto bytes = joined(record.finish(record_kind::write, mark, seed));
      CHECK(bytes == copied(values));
      const auto parsed = parse_record(bytes, seed);
      REQUIRE(parsed);
      CHECK(parsed->mark.writes == mark.writes);
      CHECK(parsed->bytes == bytes.size());
    }
}

TEST_CASE("what does not know the seed looks like no record, so nobody computes its checksum") {
  record_builder record;
  record.put(2, of_size(100));
  const auto bytes = joined(record.finish(record_kind::write, mark, seed));
  CHECK(writes_told_by(bytes, seed) == mark.writes);
  CHECK(writes_told_by(bytes, seed + 1) == 0);
  const auto head = joined(record.finish(record_kind::head, mark, seed));
  CHECK(writes_told_by(head, seed) == mark.writes);
  CHECK(writes_told_by(head, seed ^ (std::uint64_t{1} << 31)) == 0);
}

TEST_CASE("a builder gives back the room of a write that was unusually large") {
  record_builder record;
  record.put("k", std::string(std::size_t{4} << 20, 'v'));
  record.clear();
  CHECK(record.reserved_bytes() < (std::size_t{1} << 20));
}

TEST_CASE("a record can be built where another one was") {
  record_builder record;
  const auto long_one = of_size(100'000);
  record.put(2, long_one);
  record.finish(record_kind::write, mark, seed);
  record.clear();
  CHECK(record.empty());
  const auto short_one = of_size(10);
  record.put(2, short_one);
  CHECK(joined(record.finish(record_kind::write, mark, seed)) == copied({short_one}));
}

TEST_CASE("a long command is not copied, short ones are") {
  const auto long_one = of_size(64 << 10);
  record_builder record;
  record.put(1, of_size(10));
  record.put(1, long_one);
  const auto pieces = record.finish(record_kind::write, mark, seed);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].data() == long_one.value.bytes().data());
  record_builder other;
  const auto short_one = of_size(10);
  CHECK(other.put(1, short_one).size() == 1);
  CHECK(other.finish(record_kind::write, mark, seed).size() == 1);
}

TEST_CASE("a record that was given room does not move while it grows") {
  record_builder record;
  record.reserve(std::size_t{2} << 20);
  const auto first = record.put(1, of_size(100)).front();
  const auto text = std::string{first};
  for (slot_num slot = 18; slot < 200; ++slot)
    record.put(2, of_size(9'000, slot));
  CHECK(first == text); // still there
  const auto bytes = record.finish(record_kind::write, mark, seed).front();
  CHECK(first.data() >= bytes.data());
  CHECK(first.data() < bytes.data() + bytes.size());
}

TEST_CASE("pieces are written behind each other, however many there are") {
  const auto directory = scratch::directory{};
  const auto path = directory.path() / "file";
  std::string expected = "0123";
  std::vector<std::string> texts;
  for (int i = 0; i < 5'000; ++i)
    texts.push_back(std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26)));
  const std::vector<std::string_view> pieces{texts.begin(), texts.end()};
  const auto file = real_disk().open(path, open_for::creating);
  file->write_at(0, "0123456");
  file->write_at(4, pieces);
  file->write_at(2, std::string_view{});
  expected += joined(pieces);
  CHECK(read_file(real_disk(), path, 1 << 20) == expected);
}
