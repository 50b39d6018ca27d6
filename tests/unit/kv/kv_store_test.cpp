#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include "random_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>

using namespace pmmc::kv;
using pmmc::testing::damaged;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

namespace {

answer apply(kv_store& store, const transaction& t) {
  return *read_answer(t.calls.at(0).what, store.apply(encode(t)));
}

answer query(const kv_store& store, const transaction& t) {
  return *read_answer(t.calls.at(0).what, store.query(encode(t)));
}

answer ok() { return {answer_status::ok, {}}; }
answer ok(std::string value) { return {answer_status::ok, std::move(value)}; }
answer refused(answer_status status) { return {status, {}}; }

std::string snapshot_of(const pmmc::state_machine& machine) {
  std::ostringstream out;
  machine.snapshot(out);
  return out.str();
}

void restore(kv_store& store, const std::string& snapshot) {
  std::istringstream in{snapshot};
  store.restore(in);
}

transaction random_operation(std::mt19937_64& random, const std::string& key,
                             const std::string& value) {
  switch (random() % 6) {
  case 0:
    return append(key, value);
  case 1:
    return del(key);
  case 2:
    return cas(key, std::nullopt, value);
  case 3:
    return incr(key, 3);
  default:
    return put(key, value);
  }
}

std::string key_of(std::uint64_t number) { return std::string{"k"}.append(std::to_string(number)); }

kv_store random_store(std::mt19937_64& random, int steps) {
  kv_store store;
  for (int i = 0; i < steps; ++i) {
    auto key = key_of(random() % 500);
    auto value = random_bytes(random, 30);
    store.apply(encode(random_operation(random, key, value)));
  }
  return store;
}

} // namespace

TEST_CASE("put, get and del") {
  kv_store store;
  CHECK(apply(store, get("a")) == refused(answer_status::absent));
  CHECK(apply(store, put("a", "1")) == ok());
  CHECK(query(store, get("a")) == ok("1"));
  CHECK(apply(store, put("a", std::string(1, '\0'))) == ok());
  CHECK(apply(store, get("a")) == ok(std::string(1, '\0')));
  CHECK(apply(store, del("a")) == ok());
  CHECK(apply(store, del("a")) == refused(answer_status::absent));
  CHECK(store.size() == 0);
}

TEST_CASE("append creates, and tells the new length") {
  kv_store store;
  CHECK(apply(store, append("a", "xy")) == answer{answer_status::ok, std::uint64_t{2}});
  CHECK(apply(store, append("a", "z")) == answer{answer_status::ok, std::uint64_t{3}});
  CHECK(query(store, get("a")) == ok("xyz"));
}

TEST_CASE("cas writes only over what is expected") {
  kv_store store;
  CHECK(apply(store, cas("a", "1", "2")) == refused(answer_status::mismatch));
  CHECK(apply(store, cas("a", "", "2")) == refused(answer_status::mismatch));
  CHECK(apply(store, cas("a", std::nullopt, "1")) == ok());
  CHECK(apply(store, cas("a", std::nullopt, "9")) ==
        answer{answer_status::mismatch, std::string{"1"}});
  CHECK(apply(store, cas("a", "3", "9")) == answer{answer_status::mismatch, std::string{"1"}});
  CHECK(apply(store, cas("a", "1", "2")) == ok());
  CHECK(query(store, get("a")) == ok("2"));
}

TEST_CASE("incr counts from 0, and leaves alone what is no number or would overflow") {
  kv_store store;
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  CHECK(apply(store, incr("n", -5)) == answer{answer_status::ok, std::int64_t{-5}});
  CHECK(apply(store, incr("n", 7)) == answer{answer_status::ok, std::int64_t{2}});
  CHECK(query(store, get("n")) == ok("2"));
  CHECK(apply(store, incr("n", largest)) == refused(answer_status::overflow));
  CHECK(apply(store, incr("m", std::numeric_limits<std::int64_t>::min())).status ==
        answer_status::ok);
  CHECK(apply(store, incr("m", -1)) == refused(answer_status::overflow));
  CHECK(query(store, get("n")) == ok("2"));
  for (const auto* text : {"", "x", "1x", " 1", "+1", "01", "-0", "9223372036854775808", "1.0"}) {
    CAPTURE(text);
    apply(store, put("t", text));
    CHECK(apply(store, incr("t", 1)) == refused(answer_status::not_a_number));
    CHECK(query(store, get("t")) == ok(text));
  }
}

TEST_CASE("keys and values have limits") {
  kv_store store;
  std::string key(max_key_bytes, 'k');
  std::string value(max_value_bytes, 'v');
  CHECK(apply(store, put(key, value)) == ok());
  CHECK(apply(store, append(key, "")).status == answer_status::ok);
  auto before = snapshot_of(store);
  CHECK(apply(store, append(key, "v")) == refused(answer_status::too_large));
  CHECK(apply(store, put("a", value + "v")) == refused(answer_status::too_large));
  CHECK(apply(store, append("a", value + "v")) == refused(answer_status::too_large));
  CHECK(apply(store, cas(key, value, value + "v")) == refused(answer_status::too_large));
  auto long_key = key + "k";
  for (const auto& op : {put(long_key, ""), get(long_key), incr(long_key, 1)})
    CHECK(apply(store, op) == refused(answer_status::too_large));
  for (const auto& op : {put("", ""), get(""), del("")})
    CHECK(apply(store, op) == refused(answer_status::too_large));
  CHECK(snapshot_of(store) == before);
}

TEST_CASE("writes are malformed as queries") {
  const kv_store store;
  for (const auto& op : {put("a", "b"), append("a", ""), del("a"), cas("a", "", ""), incr("a", 1)})
    CHECK(query(store, op) == refused(answer_status::malformed));
  CHECK(query(store, get("a")) == refused(answer_status::absent));
}

TEST_CASE("any bytes are answered") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  kv_store store;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes =
        i % 2 == 0 ? random_bytes(random, 20) : damaged(random, encode(cas("ab", "c", "d")));
    REQUIRE(!store.apply(bytes).empty());
    REQUIRE(!store.query(bytes).empty());
  }
  kv_store restored;
  restore(restored, snapshot_of(store));
  CHECK(restored.fingerprint() == store.fingerprint());
}

TEST_CASE("a snapshot gives the state back, and size_bytes is its size") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int steps : {0, 1, 100, 5'000}) {
    auto store = random_store(random, steps);
    auto snapshot = snapshot_of(store);
    CHECK(snapshot.size() == store.size_bytes());
    kv_store restored;
    restored.apply(encode(put("gone", "by then")));
    restore(restored, snapshot);
    CHECK(snapshot_of(restored) == snapshot);
    // restore() computes it anew from the entries; the store kept it up to date write by write.
    CHECK(restored.fingerprint() == store.fingerprint());
  }
}

TEST_CASE("restore reads nothing beyond the snapshot") {
  kv_store store;
  apply(store, put("a", "1"));
  std::istringstream in{snapshot_of(store) + "rest"};
  kv_store restored;
  restored.restore(in);
  std::string rest;
  in >> rest;
  CHECK(rest == "rest");
}

TEST_CASE("a damaged snapshot is refused and changes nothing") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  auto snapshot = snapshot_of(random_store(random, 20));
  kv_store store;
  apply(store, put("mine", "stays"));
  auto before = snapshot_of(store);
  for (std::size_t size = 0; size < snapshot.size(); ++size)
    CHECK_THROWS_AS(restore(store, snapshot.substr(0, size)), std::runtime_error);
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    auto flipped = snapshot;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    CHECK_THROWS_AS(restore(store, flipped), std::runtime_error);
  }
  CHECK_THROWS_AS(restore(store, random_bytes(random, 1'000)), std::runtime_error);
  CHECK(snapshot_of(store) == before);
}

TEST_CASE("the fingerprint depends on keys, values and versions") {
  kv_store one;
  kv_store other;
  CHECK(one.fingerprint() == other.fingerprint());
  apply(one, put("a", "1"));
  apply(one, put("b", "2"));
  apply(other, put("a", "1"));
  CHECK(one.fingerprint() != other.fingerprint());
  apply(other, put("b", "2"));
  CHECK(one.fingerprint() == other.fingerprint());
  apply(other, put("b", "2")); // another version: an EXEC could tell
  CHECK(one.fingerprint() != other.fingerprint());
  kv_store shifted; // the same bytes, cut elsewhere
  apply(shifted, put("a1", ""));
  apply(shifted, put("b", "2"));
  CHECK(one.fingerprint() != shifted.fingerprint());
}

TEST_CASE("a clone keeps its state while the original goes on") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  auto store = random_store(random, 3'000);
  auto snapshot = snapshot_of(store);
  auto clone = store.clone();
  auto fingerprint = clone->fingerprint();
  for (std::uint64_t i = 0; i < 500; ++i)
    apply(store, put(key_of(i), "changed"));
  CHECK(snapshot_of(*clone) == snapshot);
  CHECK(clone->fingerprint() == fingerprint);
  CHECK(read_answer(verb::set, clone->apply(encode(put("k1", "clone")))) == ok());
  CHECK(query(store, get("k1")) == ok("changed"));
}
