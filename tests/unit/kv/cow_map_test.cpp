#include "kv/cow_map.hpp"

#include "random_bytes.hpp"

#include <doctest/doctest.h>
#include <map>
#include <thread>

using pmmc::kv::cow_map;
using pmmc::testing::seed;
using model = std::map<std::string, std::string>;

namespace {

model contents_of(const cow_map& map) {
  model contents;
  std::string last;
  for (const auto& entry : map) {
    CHECK((contents.empty() || last < entry.key()));
    last = entry.key();
    contents.emplace(entry.key(), entry.value());
  }
  return contents;
}

void check_equal(const cow_map& map, const model& expected) {
  REQUIRE(contents_of(map) == expected);
  CHECK(map.size() == expected.size());
  std::size_t bytes = 0;
  for (const auto& [key, value] : expected) {
    bytes += key.size() + value.size();
    CHECK(map.find(key) == value);
  }
  CHECK(map.bytes() == bytes);
}

std::string key_of(std::uint64_t number) {
  return std::string{"key"}.append(std::to_string(number));
}

} // namespace

TEST_CASE("an empty map has no entries") {
  cow_map map;
  CHECK(map.empty());
  CHECK(map.begin() == map.end());
  CHECK_FALSE(map.find("a"));
  CHECK_FALSE(map.erase("a"));
  CHECK(map.lower_bound("") == map.end());
}

TEST_CASE("random writes agree with std::map, and clones keep what they had") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  cow_map map;
  model expected;
  std::vector<std::pair<cow_map, model>> clones;
  for (int step = 0; step < 60'000; ++step) {
    // Waves of more inserts and of more erases, so that leaves are split and joined.
    bool growing = step / 10'000 % 2 == 0;
    auto key = key_of(random() % 5'000);
    if (random() % 10 < (growing ? 8u : 2u)) {
      auto value = pmmc::testing::random_bytes(random, 40);
      map.insert_or_assign(key, value);
      expected[key] = value;
    } else {
      REQUIRE(map.erase(key) == (expected.erase(key) > 0));
    }
    if (step % 6'000 == 0)
      clones.emplace_back(map.clone(), expected);
  }
  check_equal(map, expected);
  for (const auto& [clone, held] : clones)
    check_equal(clone, held);
}

TEST_CASE("a clone and its original may both be written to") {
  cow_map map;
  for (int i = 0; i < 2'000; ++i)
    map.insert_or_assign(key_of(i), "old");
  auto clone = map.clone();
  auto clone_of_clone = clone.clone();
  map.insert_or_assign("key7", "original");
  clone.insert_or_assign("key7", "clone");
  clone.erase("key8");
  CHECK(map.find("key7") == "original");
  CHECK(clone.find("key7") == "clone");
  CHECK(clone_of_clone.find("key7") == "old");
  CHECK(map.find("key8") == "old");
  CHECK_FALSE(clone.find("key8"));
}

TEST_CASE("a clone may be read, written and dropped in another thread") {
  cow_map map;
  for (int i = 0; i < 5'000; ++i)
    map.insert_or_assign(key_of(i), "0");
  for (int round = 0; round < 5; ++round) {
    std::size_t seen = 0;
    std::thread reader{[clone = map.clone(), &seen]() mutable {
      for (const auto& entry : clone)
        seen += entry.value().size();
      clone.insert_or_assign("mine", "x");
    }};
    for (int i = 0; i < 5'000; ++i)
      map.insert_or_assign(key_of(i), i % 2 == 0 ? "00" : "");
    reader.join();
    CHECK(seen == 5'000);
    CHECK_FALSE(map.find("mine"));
    for (int i = 0; i < 5'000; ++i)
      map.insert_or_assign(key_of(i), "0");
  }
}

TEST_CASE("bounds agree with std::map") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  cow_map map;
  model expected;
  for (int i = 0; i < 3'000; ++i) {
    auto key = pmmc::testing::random_bytes(random, 3);
    map.insert_or_assign(key, "");
    expected[key] = "";
  }
  for (int i = 0; i < 3'000; ++i) {
    auto key = pmmc::testing::random_bytes(random, 3);
    auto lower = map.lower_bound(key);
    auto upper = map.upper_bound(key);
    auto expected_lower = expected.lower_bound(key);
    auto expected_upper = expected.upper_bound(key);
    REQUIRE((lower == map.end()) == (expected_lower == expected.end()));
    REQUIRE((upper == map.end()) == (expected_upper == expected.end()));
    CHECK((lower == map.end() || lower->key() == expected_lower->first));
    CHECK((upper == map.end() || upper->key() == expected_upper->first));
  }
}

TEST_CASE("ascending and descending inserts, and erasing everything") {
  for (bool ascending : {true, false}) {
    CAPTURE(ascending);
    cow_map map;
    model expected;
    for (int i = 0; i < 3'000; ++i) {
      auto key = key_of(static_cast<std::uint64_t>(ascending ? 10'000 + i : 20'000 - i));
      map.insert_or_assign(key, key);
      expected[key] = key;
    }
    check_equal(map, expected);
    for (const auto& [key, value] : expected)
      CHECK(map.erase(key));
    CHECK(map.empty());
    CHECK(map.bytes() == 0);
    CHECK(map.begin() == map.end());
    map.insert_or_assign("a", "b");
    check_equal(map, {{"a", "b"}});
  }
}

TEST_CASE("a value may be copied from the map itself") {
  cow_map map;
  map.insert_or_assign("a", std::string(1'000, 'x'));
  map.insert_or_assign("a", map.find("a")->substr(1));
  CHECK(map.find("a")->size() == 999);
  map.insert_or_assign("b", *map.find("a"));
  CHECK(map.find("b") == map.find("a"));
}
