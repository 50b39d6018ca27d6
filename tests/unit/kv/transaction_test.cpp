// Transactions: their encoding, watched keys, named sessions, and the store as a whole.
#include "kv/single_call.hpp"
#include "random_bytes.hpp"
#include "store_bench.hpp"

using namespace pmmc::kv;
using pmmc::testing::damaged;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

TEST_CASE("transactions come back from their encoding, and damaged ones are refused or harmless") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> words;
    for (int i = 0; i < 8; ++i)
      words.push_back(random_bytes(random, 30));
    transaction t;
    t.now = random();
    t.whole = random() % 2 == 0;
    t.session = random() % 2 == 0 ? std::string_view{} : std::string_view{"s"};
    t.sequence = t.session.empty() ? 0 : random();
    t.watched = {{words[0], random()}};
    for (int i = 0; i < 3; ++i)
      t.calls.push_back({static_cast<verb>(random() % static_cast<std::uint64_t>(last_verb) + 1),
                         static_cast<std::uint8_t>(random()),
                         static_cast<std::int64_t>(random()),
                         {words[1], words[2]}});
    const auto bytes = encode(t);
    REQUIRE(decode_transaction(bytes) == t);
    REQUIRE(encoded_bytes(t) == bytes.size());
    kv_store store;
    const auto garbage = damaged(random, bytes);
    REQUIRE(!store.apply(garbage).empty()); // answers, and lives
    REQUIRE(!store.query(garbage).empty());
  }
}

TEST_CASE("each number stands for one of the keys, and each key for some number") {
  store_bench b;
  CHECK(b.query({verb::randomkey, 0, 5, {}}) == "nil");
  for (const char* key : {"a", "b", "c"})
    b.set(key, "1");
  std::string found;
  for (std::int64_t number = 0; number < 6; ++number)
    found += b.query({verb::randomkey, 0, number, {}});
  CHECK(found == "\"a\"\"b\"\"c\"\"a\"\"b\"\"c\"");
}

TEST_CASE("a watched key that was touched in any way makes EXEC do nothing") {
  const std::vector<call> touches = {
      {verb::set, 0, 0, {"k", "1"}}, // the same value again
      {verb::del, 0, 0, {"k"}},        {verb::expire, call_flags::relative, 900, {"k"}},
      {verb::append, 0, 0, {"k", ""}}, {verb::flushall, 0, 0, {}},
      {verb::mset, 0, 0, {"k", "2"}},  {verb::getdel, 0, 0, {"k"}},
  };
  for (const auto& touch : touches) {
    store_bench b;
    b.set("k", "1");
    const auto seen = static_cast<std::uint64_t>(b.version("k"));
    CHECK(b.exec({{"k", seen}}, plus_one("n")) == "1");
    b.apply(touch);
    CHECK(b.exec({{"k", seen}}, plus_one("n")) == "aborted");
  }
}

TEST_CASE("a key that came and went again, or expired, was touched") {
  store_bench b;
  const auto absent = static_cast<std::uint64_t>(b.version("k"));
  CHECK(b.exec({{"k", absent}}, plus_one("n")) == "1");
  b.set("k", "1");
  b.apply(call{verb::del, 0, 0, {"k"}});
  CHECK(b.exec({{"k", absent}}, plus_one("n")) == "aborted");
  for (const auto* other :
       {"somebody's", "k"}) { // the one key, or another one beside it, is flushed
    const auto unset = static_cast<std::uint64_t>(b.version("k"));
    b.set(other, "1");
    b.set("k", "1");
    b.apply(call{verb::flushall, 0, 0, {}});
    CHECK(b.get("k") == "nil");
    CHECK(b.exec({{"k", unset}}, plus_one("n")) == "aborted");
  }
  const auto expired = static_cast<std::uint64_t>(b.version("k"));
  b.set("k", "1", call_flags::relative, 10);
  b.now += 10;
  CHECK(b.exec({{"k", expired}}, plus_one("n")) == "aborted");
  b.set("k", "1", call_flags::relative, 10);
  const auto present = static_cast<std::uint64_t>(b.version("k"));
  b.now += 10;
  CHECK(b.exec({{"k", present}}, plus_one("n")) == "aborted");
}

TEST_CASE("a session executes each number once, and repeats its answer") {
  store_bench b;
  CHECK(b.once("s", 1, plus_one("n")) == "no session");
  CHECK(b.apply(call{verb::session, 0, 0, {"s"}}) == "[\"new\" 0]");
  CHECK(b.once("s", 1, plus_one("n")) == "1");
  CHECK(b.once("s", 1, plus_one("n")) == "1");
  CHECK(b.once("s", 5, plus_one("n")) == "2");
  CHECK(b.once("s", 3, plus_one("n")) == "overtaken");
  CHECK(b.apply(call{verb::session, 0, 0, {"s"}}) == "[\"resumed\" 5]");
  CHECK(b.get("n") == "\"2\"");
  for (std::uint64_t i = 6; i < 6 + store_limits{}.kept_answers; ++i)
    b.once("s", i, plus_one("n"));
  CHECK(b.once("s", 5, plus_one("n")) == "overtaken");
  CHECK(b.once("s", 6, plus_one("n")) == "3");
}

TEST_CASE("a session that makes room takes its answers along") {
  const auto open = [](kv_store& store, std::string_view name) {
    transaction t;
    t.calls = {call{verb::session, 0, 0, {name}}};
    store.apply(encode(t));
  };
  const auto count = [](kv_store& store, std::string_view name) {
    transaction t;
    t.session = name;
    t.sequence = 1;
    t.calls = {plus_one("n")};
    return text_of(store.apply(encode(t)));
  };
  kv_store store{{.sessions = 1}};
  open(store, "a");
  const auto empty = store.size_bytes();
  CHECK(count(store, "a") == "1");
  CHECK(store.size_bytes() > empty);
  for (const auto* name : {"b", "a", "c"}) {
    open(store, name);
    std::stringstream bytes;
    store.snapshot(bytes);
    CHECK_NOTHROW(store.restore(bytes)); // its limits stay
  }
  CHECK(count(store, "a") == "no session");
  CHECK(count(store, "c") == "2");
}

TEST_CASE("sessions that were used longest ago go first") {
  store_bench b;
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= store_limits{}.sessions; ++i)
    names.push_back("s" + std::to_string(i));
  for (std::size_t i = 0; i < store_limits{}.sessions; ++i)
    b.apply(call{verb::session, 0, 0, {names[i]}});
  CHECK(b.once("s0", 1, plus_one("n")) == "1"); // so that s1 is the oldest
  b.apply(call{verb::session, 0, 0, {names.back()}});
  CHECK(b.once("s0", 2, plus_one("n")) == "2");
  CHECK(b.once("s1", 1, plus_one("n")) == "no session");
}

TEST_CASE("the order in which sessions go survives a snapshot, and a clone") {
  for (const bool restored : {true, false}) {
    CAPTURE(restored);
    store_bench b;
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= store_limits{}.sessions; ++i) // not in the order of names
      names.push_back(std::to_string(i * 7'919 % (store_limits{}.sessions + 1)));
    for (std::size_t i = 0; i < store_limits{}.sessions; ++i)
      b.apply(call{verb::session, 0, 0, {names[i]}});
    b.once(names[0], 1, plus_one("n"));
    std::unique_ptr<pmmc::state_machine> copy;
    if (restored) {
      copy = std::make_unique<kv_store>();
      std::istringstream in{b.snapshot()};
      copy->restore(in);
    } else {
      copy = b.store.clone();
    }
    const auto apply = [&](const transaction& t) {
      const auto answer = copy->apply(encode(t));
      CHECK(b.store.apply(encode(t)) == answer);
      return text_of(answer);
    };
    apply(b.of({{verb::session, 0, 0, {names.back()}}}));
    auto t = b.of({plus_one("n")});
    t.sequence = 2;
    t.session = names[1];
    CHECK(apply(t) == "no session");
    for (const auto i : {0, 2}) {
      t.session = names[static_cast<std::size_t>(i)];
      CHECK(apply(t) != "no session");
    }
    CHECK(copy->fingerprint() == b.store.fingerprint());
  }
}

TEST_CASE("a snapshot holds deadlines, versions, sessions and the time") {
  store_bench b;
  b.set("k", "1", call_flags::relative, 500);
  b.set("plain", "2");
  b.set("gone", "3");
  b.apply(call{verb::del, 0, 0, {"gone"}});
  b.apply(call{verb::session, 0, 0, {"s"}});
  b.once("s", 7, plus_one("n"));
  const auto bytes = b.snapshot();
  CHECK(bytes.size() == b.store.size_bytes());
  store_bench copy;
  copy.now = b.now;
  std::istringstream in{bytes};
  copy.store.restore(in);
  CHECK(copy.snapshot() == bytes);
  CHECK(copy.store.fingerprint() == b.store.fingerprint());
  CHECK(copy.once("s", 7, plus_one("n")) == "1");
  for (const auto* key : {"k", "plain", "gone", "n"})
    CHECK(copy.version(key) == b.version(key));
  copy.now += 500;
  CHECK(copy.apply(call{verb::get, 0, 0, {"k"}}) == "nil");
  CHECK(copy.store.fingerprint() != b.store.fingerprint());
  b.now += 500;
  b.apply(call{verb::get, 0, 0, {"k"}});
  CHECK(copy.store.fingerprint() == b.store.fingerprint());
}

TEST_CASE("a snapshot whose parts do not fit is refused") {
  store_bench b;
  b.set("k", "1", call_flags::relative, 500);
  b.apply(call{verb::session, 0, 0, {"s"}});
  b.once("s", 7, plus_one("n"));
  const auto bytes = b.snapshot();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 500; ++round) {
    const auto other = damaged(random, bytes);
    if (other.starts_with(bytes))
      continue; // what follows it is not its own
    kv_store store;
    std::istringstream in{other};
    CHECK_THROWS_AS(store.restore(in), std::runtime_error);
    CHECK(store.size() == 0);
  }
}

TEST_CASE("operations of Redis clients have names") {
  const kv_store store;
  store_bench b;
  const auto name = [&](const transaction& t) { return store.name_of(encode(t)); };
  CHECK(name(b.of({{verb::get, 0, 0, {"a"}}})) == "get");
  CHECK(name(b.of({plus_one("a")})) == "incrby");
  CHECK(name(b.of({{verb::session, 0, 0, {"s"}}})) == "session");
  CHECK(name(b.of({plus_one("a"), plus_one("b")})) == "pipeline");
  CHECK(name(b.of({})) == "expire");
  auto t = b.of({{verb::set, 0, 0, {"a", "b"}}});
  t.whole = true;
  CHECK(name(t) == "transaction");
  t.session = "s"; // PMMC REQ
  t.sequence = 300;
  CHECK(name(t) == "set");
  t.watched.emplace_back("w", 7);
  CHECK(name(t) == "transaction");
  CHECK(store.name_of(std::string(1, transaction_code)) == "malformed");
  CHECK(store.name_of("") == "malformed");
  for (auto v = 1; v <= static_cast<int>(last_verb); ++v) {
    CAPTURE(v);
    CHECK(name(b.of({{static_cast<verb>(v), 0, 0, {"a"}}})) != "malformed");
  }
  auto unknown = encode(b.of({{last_verb, 0, 0, {}}}));
  unknown[unknown.size() - 4] = static_cast<char>(static_cast<int>(last_verb) + 1);
  CHECK(store.name_of(unknown) == "malformed");
}
