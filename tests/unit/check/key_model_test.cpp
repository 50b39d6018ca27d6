// The checker's model of a key against the store that it judges, and what it records of it.
#include "check/key_model.hpp"

#include "check/kv_record.hpp"
#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "unit/kv/random_bytes.hpp"

#include <array>
#include <doctest/doctest.h>

using namespace pmmc;
using check::key_state;

namespace {

/// Values that meet each other: numbers at the edges, and bytes.
std::string some_value(std::mt19937_64& random) {
  static const std::array<std::string, 12> values = {"",
                                                     "0",
                                                     "-0",
                                                     "00",
                                                     "1",
                                                     "-1",
                                                     "+1",
                                                     " 1",
                                                     "9223372036854775807",
                                                     "-9223372036854775808",
                                                     "9223372036854775808",
                                                     "a"};
  if (random() % 3 == 0)
    return testing::random_bytes(random, 40);
  return values[random() % values.size()];
}

std::int64_t some_number(std::mt19937_64& random) {
  static const std::array<std::int64_t, 5> numbers = {
      1, -1, 0, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
  return numbers[random() % numbers.size()];
}

std::string random_operation(std::mt19937_64& random) {
  const auto value = some_value(random);
  const auto expected = some_value(random);
  switch (random() % 6) {
  case 0:
    return kv::encode(kv::put("k", value));
  case 1:
    return kv::encode(kv::get("k"));
  case 2:
    return kv::encode(kv::append("k", value));
  case 3:
    return kv::encode(kv::del("k"));
  case 4:
    return kv::encode(random() % 3 == 0 ? kv::cas("k", std::nullopt, value)
                                        : kv::cas("k", expected, value));
  default:
    return kv::encode(kv::incr("k", some_number(random)));
  }
}

} // namespace

TEST_CASE("the model and the store agree") {
  INFO("seed ", testing::seed);
  std::mt19937_64 random{testing::seed};
  kv::kv_store store;
  key_state state;
  std::array<int, 7> results{};
  for (int i = 0; i < 50'000; ++i) {
    const auto bytes = random_operation(random);
    auto op = check::recorded_call(bytes).value();
    CHECK(op.result == check::result_kind::unknown);
    const auto maybe = check::after(check::model_operation{op}, state);
    check::record_answer(op, store.apply(bytes));
    REQUIRE(op.result != check::result_kind::unknown);
    ++results[static_cast<std::size_t>(op.result)];
    CAPTURE(check::describe(op));
    const auto next = check::after(check::model_operation{op}, state);
    REQUIRE(next.has_value());
    REQUIRE(maybe == next);
    const auto needed = check::required_state(check::model_operation{op});
    REQUIRE((!needed || *needed == state));
    REQUIRE((!check::is_read(check::model_operation{op}) || *next == state));
    const auto value = kv::read_answer(kv::verb::get, store.query(kv::encode(kv::get("k"))));
    const auto* text = std::get_if<std::string>(&value->payload);
    REQUIRE(*next == (text != nullptr ? key_state{*text} : key_state{}));
    state = *next;
  }
  for (int result = 0; result <= static_cast<int>(check::result_kind::overflow); ++result)
    CHECK(results[static_cast<std::size_t>(result)] > 100);
}

TEST_CASE("a value appended to in pieces is the whole value") {
  INFO("seed ", testing::seed);
  std::mt19937_64 random{testing::seed};
  for (int i = 0; i < 2'000; ++i) {
    const auto a = testing::random_bytes(random, 12);
    const auto b = testing::random_bytes(random, 30);
    const auto c = testing::random_bytes(random, 3);
    const auto whole = key_state{a + b + c};
    REQUIRE(key_state{a}.with_appended(key_state{b}).with_appended(key_state{c}) == whole);
    REQUIRE(key_state{a}.with_appended(key_state{b + c}) == whole);
    REQUIRE(!(key_state{a + b + c + '\0'} == whole));
  }
  CHECK(key_state{}.with_appended(key_state{""}) == key_state{""});
  CHECK(!(key_state{} == key_state{""}));
  CHECK(key_state{"12"}.with_appended(key_state{"34"}).number() == 1234);
}

TEST_CASE("other transactions are in no history, and a strange answer tells nothing") {
  const auto is_recorded = [](const kv::transaction& t) {
    return check::recorded_call(kv::encode(t)).has_value();
  };
  auto t = kv::put("k", "v");
  CHECK(is_recorded(t));
  t.calls[0].flags = kv::call_flags::nx;
  CHECK(!is_recorded(t));
  t = kv::put("k", "v");
  t.watched = {{"k", 1}};
  CHECK(!is_recorded(t));
  t = kv::put("k", "v");
  t.calls.push_back(t.calls[0]);
  CHECK(!is_recorded(t));
  t = kv::get("k");
  t.calls[0].what = kv::verb::strlen;
  CHECK(!is_recorded(t));
  t = kv::get("k");
  t.calls[0].words.push_back("l");
  CHECK(!is_recorded(t));
  for (const std::size_t words : {0, 1, 4}) {
    t = kv::cas("k", "v", "w");
    t.calls[0].words.resize(words);
    CHECK(!is_recorded(t));
  }
  CHECK(!check::recorded_call("").has_value());
  auto op = check::recorded_call(kv::encode(kv::get("k"))).value();
  check::record_answer(op, kv::kv_store{}.apply(kv::encode(kv::put("k", "v"))));
  CHECK(op.result == check::result_kind::unknown);
  check::record_answer(op, "");
  CHECK(op.result == check::result_kind::unknown);
}
