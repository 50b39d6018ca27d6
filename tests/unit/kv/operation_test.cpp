#include "kv/operation.hpp"

#include "random_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>

using namespace pmmc::kv;
using pmmc::testing::damaged;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

namespace {

const std::vector<operation> some_operations = {
    put{"k", "v"},    put{"k", ""},
    get{"k"},         append{"key", "value"},
    del{"k"},         cas{"k", "old", "new"},
    cas{"k", "", ""}, cas{"k", std::nullopt, "new"},
    incr{"k", 5},     incr{"k", std::numeric_limits<std::int64_t>::min()},
    scan{},           scan{"after", 7, 4'000'000'000},
};

const std::vector<answer> some_answers = {
    {answer_status::ok, {}},
    {answer_status::absent, {}},
    {answer_status::ok, std::string{"value"}},
    {answer_status::mismatch, std::string{}},
    {answer_status::ok, std::uint64_t{1} << 63},
    {answer_status::ok, std::int64_t{-1}},
    {answer_status::ok, scan_page{}},
    {answer_status::ok, scan_page{{{"a", "1"}, {"b", ""}}, true}},
    {answer_status::too_large, {}},
};

} // namespace

TEST_CASE("operations come back from their encoding") {
  for (const auto& op : some_operations) {
    auto bytes = encode(op);
    CHECK(decode_operation(bytes) == op);
  }
}

TEST_CASE("operations with random bytes come back from their encoding") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 2'000; ++i) {
    auto key = random_bytes(random, 40);
    auto value = random_bytes(random, 300);
    auto other = random_bytes(random, 300);
    for (const operation& op :
         {operation{put{key, value}}, operation{get{key}}, operation{del{key}},
          operation{append{key, value}}, operation{cas{key, other, value}},
          operation{incr{key, static_cast<std::int64_t>(random())}},
          operation{scan{key, static_cast<std::uint32_t>(random()), 9}}}) {
      auto bytes = encode(op);
      REQUIRE(decode_operation(bytes) == op);
    }
  }
}

TEST_CASE("a key too long for its field stays too long") {
  std::string key(70'000, 'k');
  auto bytes = encode(put{key, "v"});
  CHECK(std::get<put>(*decode_operation(bytes)).key.size() > max_key_bytes);
}

TEST_CASE("answers come back from their encoding") {
  for (const auto& a : some_answers)
    CHECK(decode_answer(encode(a)) == a);
}

TEST_CASE("what is cut short is no operation") {
  CHECK_FALSE(decode_operation(""));
  CHECK_FALSE(decode_operation(std::string(1, '\0')));
  CHECK_FALSE(decode_operation("\x08"));
  CHECK_FALSE(decode_operation("\x01\x05"));
  CHECK_FALSE(decode_operation(encode(put{"key", ""}).substr(0, 5)));
  CHECK_FALSE(decode_operation(encode(cas{"k", "expected", ""}).substr(0, 12)));
  CHECK_FALSE(decode_operation(encode(incr{"", 1}).substr(0, 8)));
  CHECK_FALSE(decode_operation(encode(scan{}).substr(0, 8)));
}

TEST_CASE("what is cut short or too long is no answer") {
  CHECK_FALSE(decode_answer(""));
  CHECK_FALSE(decode_answer(std::string(1, '\0')));
  CHECK_FALSE(decode_answer(std::string("\x07\x00", 2)));
  CHECK_FALSE(decode_answer(std::string("\x00\x05", 2)));
  CHECK_FALSE(decode_answer(std::string("\x00\x00x", 3)));
  auto number = encode(answer{answer_status::ok, std::int64_t{1}});
  CHECK_FALSE(decode_answer(number.substr(0, number.size() - 1)));
  CHECK_FALSE(decode_answer(number + "x"));
  auto page = encode(answer{answer_status::ok, scan_page{{{"a", "1"}}, false}});
  CHECK_FALSE(decode_answer(page.substr(0, page.size() - 1)));
}

TEST_CASE("decoding survives any bytes, and encodes again to what it was") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = random_bytes(random, 40);
    if (i % 2 == 0)
      bytes = damaged(random, encode(some_operations[random() % some_operations.size()]));
    if (auto op = decode_operation(bytes))
      REQUIRE(encode(*op) == bytes);
    if (i % 2 == 0)
      bytes = damaged(random, encode(some_answers[random() % some_answers.size()]));
    if (auto a = decode_answer(bytes))
      REQUIRE(encode(*a) == bytes);
  }
}
