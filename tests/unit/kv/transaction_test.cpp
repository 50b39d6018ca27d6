#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include "codec.hpp"
#include "random_bytes.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace pmmc::kv;
using pmmc::testing::damaged;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

namespace {

/// Replies as text: "nil", "1", "\"bulk\"", "+status", "-error", "[…]".
std::string text_of(pmmc::byte_reader& in) {
  const auto item = next_reply(in);
  if (!item)
    return "nothing";
  switch (item->kind) {
  case reply_kind::nil:
  case reply_kind::nil_array:
    return "nil";
  case reply_kind::integer:
    return std::to_string(item->integer);
  case reply_kind::bulk:
    return '"' + std::string{item->bytes} + '"';
  case reply_kind::status:
    return '+' + std::string{item->bytes};
  case reply_kind::error:
    return '-' + std::string{item->bytes};
  case reply_kind::array:
    break;
  }
  std::string text = "[";
  for (std::uint64_t i = 0; i < item->items; ++i)
    text += (i == 0 ? "" : " ") + text_of(in);
  return text + "]";
}

std::string text_of(const std::string& answer) {
  switch (static_cast<transaction_status>(answer.at(0))) {
  case transaction_status::done:
    break;
  case transaction_status::due:
    return "due";
  case transaction_status::aborted:
    return "aborted";
  case transaction_status::no_session:
    return "no session";
  case transaction_status::overtaken:
    return "overtaken";
  case transaction_status::malformed:
    return "malformed";
  }
  pmmc::byte_reader in{std::string_view{answer}.substr(1)};
  std::string text;
  for (auto left = in.varint(); left > 0; --left)
    text += (text.empty() ? "" : " ") + text_of(in);
  CHECK(in.at_end());
  return text;
}

struct bench {
  kv_store store;
  log_time now = 1'000'000;

  transaction of(std::vector<call> calls) const {
    transaction t;
    t.now = now;
    t.calls = std::move(calls);
    return t;
  }
  std::string apply(std::vector<call> calls) {
    return text_of(store.apply(encode(of(std::move(calls)))));
  }
  std::string apply(call c) { return apply(std::vector{std::move(c)}); }
  std::string query(call c) const { return text_of(store.query(encode(of({std::move(c)})))); }
  std::string get(std::string_view key) const { return query({verb::get, 0, 0, {key}}); }
  std::int64_t version(std::string_view key) const {
    return std::stoll(query({verb::version, 0, 0, {key}}).substr(1));
  }
  std::string set(std::string_view key, std::string_view value, std::uint8_t flags = 0,
                  std::int64_t number = 0) {
    return apply(call{verb::set, flags, number, {key, value}});
  }
  std::string exec(std::vector<std::pair<std::string_view, std::uint64_t>> watched, call c) {
    auto t = of({std::move(c)});
    t.whole = true;
    t.watched = std::move(watched);
    return text_of(store.apply(encode(t)));
  }
  std::string once(std::string_view session, std::uint64_t number, call c) {
    auto t = of({std::move(c)});
    t.session = session;
    t.sequence = number;
    return text_of(store.apply(encode(t)));
  }
  /// So many keys of `size` digits with empty values; returns them.
  std::vector<std::string> fill(std::size_t count, std::size_t size) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = std::to_string(i);
      names.push_back("1" + std::string(size - 1 - number.size(), '0') + number);
    }
    for (std::size_t i = 0; i < count; i += 50'000) {
      call set{verb::mset, 0, 0, {}};
      for (auto k = i; k < std::min(count, i + 50'000); ++k)
        set.words.insert(set.words.end(), {names[k], ""});
      apply(std::move(set));
    }
    return names;
  }
  std::string snapshot() const {
    std::ostringstream out;
    store.snapshot(out);
    return out.str();
  }
};

constexpr auto no_room = "-ERR not executed: the replies would be larger than 16 MiB; ask for less "
                         "(for KEYS: use SCAN)";

call plus_one(std::string_view key) { return {verb::incrby, 0, 1, {key}}; }

} // namespace

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

TEST_CASE("a key expires when the log time reaches its deadline, for everybody at once") {
  bench b;
  CHECK(b.set("k", "v", call_flags::relative, 500) == "+OK");
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"k"}}) == "500");
  b.now += 499;
  CHECK(b.get("k") == "\"v\"");
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"k"}}) == "1");
  b.now += 1;
  CHECK(b.get("k") == "due"); // only an operation can move the time
  CHECK(b.query({verb::get, 0, 0, {"other"}}) == "nil");
  CHECK(b.query({verb::dbsize, 0, 0, {}}) == "due");
  CHECK(read_answer(verb::get, b.store.query(encode(get("k"))))->status == answer_status::ok);
  CHECK(b.apply(call{verb::get, 0, 0, {"k"}}) == "nil");
  CHECK(b.get("k") == "nil");
  CHECK(read_answer(verb::get, b.store.query(encode(get("k"))))->status == answer_status::absent);
  CHECK(b.store.size() == 0);
}

TEST_CASE("the log time never goes back, whatever clocks the proposers have") {
  bench b;
  b.set("k", "v", call_flags::relative, 500);
  b.now += 400;
  b.set("other", "1");
  b.now -= 100'000;                                              // another proposer's clock
  CHECK(b.set("late", "v", call_flags::relative, 500) == "+OK"); // from the log time on
  b.now += 100'000 + 100;
  b.apply(std::vector<call>{});
  CHECK(b.get("k") == "nil");
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"late"}}) == "400");
}

TEST_CASE(
    "an administrator sets the log time, back as well; deadlines stay the moments they were") {
  bench b;
  b.set("kept", "1", call_flags::absolute, 1'000'500);
  b.now = 900'000'000; // somebody's clock was wrong
  CHECK(b.apply(call{verb::clock, 0, 0, {}}) == "900000000");
  b.set("later", "1", call_flags::relative, 100);
  b.now = 0;
  CHECK(b.apply(call{verb::set_clock, 0, 1'000'100, {}}) == "[900000000 1000100]");
  CHECK(b.query({verb::clock, 0, 0, {}}) == "1000100");
  CHECK(b.get("kept") == "nil"); // what had expired is gone
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"later"}}) == "899000000");
  b.now = 1'000'200;
  b.set("new", "1", call_flags::relative, 100);
  b.now = 1'000'300;
  CHECK(b.apply(call{verb::get, 0, 0, {"new"}}) == "nil"); // and expiry works again
  const auto before = b.snapshot();
  kv_store copy;
  std::istringstream in{before};
  copy.restore(in);
  CHECK(copy.fingerprint() == b.store.fingerprint());
  CHECK(b.apply(call{verb::set_clock, 0, 900'000'100, {}}) == "[1000300 900000100]");
  CHECK(b.get("later") == "nil"); // ahead, it is as any other operation's time
  CHECK(b.apply(call{verb::set_clock, 0, -1, {}}).starts_with("-ERR"));
}

TEST_CASE("the log time is set up to the last moment that it may tell, and no further") {
  bench b;
  const auto last = static_cast<std::int64_t>(last_log_time);
  const auto too_late = b.apply(call{verb::set_clock, 0, last + 1, {}});
  CHECK(too_late.starts_with("-ERR"));
  CHECK(b.query({verb::clock, 0, 0, {}}) == "1000000");
  CHECK(b.apply(call{verb::set_clock, 0, last, {}}) == "[1000000 " + std::to_string(last) + "]");
}

TEST_CASE("each number stands for one of the keys, and each key for some number") {
  bench b;
  CHECK(b.query({verb::randomkey, 0, 5, {}}) == "nil");
  for (const char* key : {"a", "b", "c"})
    b.set(key, "1");
  std::string found;
  for (std::int64_t number = 0; number < 6; ++number)
    found += b.query({verb::randomkey, 0, number, {}});
  CHECK(found == "\"a\"\"b\"\"c\"\"a\"\"b\"\"c\"");
}

TEST_CASE("what does not know the time moves nothing, and sees nothing as due") {
  bench b;
  b.set("a", "1", call_flags::relative, 100);
  b.now = 0;
  CHECK(b.get("a") == "\"1\"");
  CHECK(b.query({verb::dbsize, 0, 0, {}}) == "1");
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"a"}}) == "100");
  CHECK(b.query({verb::clock, 0, 0, {}}) == "1000000");
  CHECK(b.set("b", "1", call_flags::relative, 50) == "+OK"); // from where the log time stands
  CHECK(b.query({verb::ttl, call_flags::in_ms, 0, {"b"}}) == "50");
  b.now = 1'000'050;
  CHECK(b.get("b") == "due");
  CHECK(b.query({verb::clock, 0, 0, {}}) == "due");
}

TEST_CASE("writes drop a deadline or keep it as Redis's do") {
  bench b;
  const auto left = [&] { return b.query({verb::ttl, call_flags::in_ms, 0, {"k"}}); };
  b.set("k", "1", call_flags::relative, 500);
  b.apply(plus_one("k"));
  CHECK(left() == "500");
  b.apply(call{verb::append, 0, 0, {"k", "0"}});
  CHECK(left() == "500");
  b.store.apply(encode(incr("k")));
  CHECK(left() == "500");
  b.store.apply(encode(put("k", "1")));
  CHECK(left() == "-1");
  b.set("k", "1", call_flags::relative, 500);
  CHECK(b.apply(call{verb::persist, 0, 0, {"k"}}) == "1");
  CHECK(b.apply(call{verb::persist, 0, 0, {"k"}}) == "0");
  CHECK(left() == "-1");
  CHECK(b.apply(call{verb::expire, call_flags::relative, -1, {"k"}}) == "1");
  CHECK(left() == "-2");
  CHECK(b.apply(call{verb::expire, call_flags::relative, 10, {"k"}}) == "0");
}

TEST_CASE("EXPIRE's conditions") {
  bench b;
  const auto expire = [&](std::uint8_t flags, std::int64_t ms) {
    return b.apply(
        call{verb::expire, static_cast<std::uint8_t>(flags | call_flags::relative), ms, {"k"}});
  };
  b.set("k", "1");
  CHECK(expire(call_flags::xx, 100) == "0");
  CHECK(expire(call_flags::gt, 100) == "0");
  CHECK(expire(call_flags::nx, 100) == "1");
  CHECK(expire(call_flags::nx, 200) == "0");
  CHECK(expire(call_flags::gt, 100) == "0");
  CHECK(expire(call_flags::gt, 200) == "1");
  CHECK(expire(call_flags::lt, 200) == "0");
  CHECK(expire(call_flags::lt, 150) == "1");
}

TEST_CASE("a watched key that was touched in any way makes EXEC do nothing") {
  const std::vector<call> touches = {
      {verb::set, 0, 0, {"k", "1"}}, // the same value again
      {verb::del, 0, 0, {"k"}},        {verb::expire, call_flags::relative, 900, {"k"}},
      {verb::append, 0, 0, {"k", ""}}, {verb::flushall, 0, 0, {}},
      {verb::mset, 0, 0, {"k", "2"}},  {verb::getdel, 0, 0, {"k"}},
  };
  for (const auto& touch : touches) {
    bench b;
    b.set("k", "1");
    const auto seen = static_cast<std::uint64_t>(b.version("k"));
    CHECK(b.exec({{"k", seen}}, plus_one("n")) == "1");
    b.apply(touch);
    CHECK(b.exec({{"k", seen}}, plus_one("n")) == "aborted");
  }
}

TEST_CASE("a key that came and went again, or expired, was touched") {
  bench b;
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
  bench b;
  CHECK(b.once("s", 1, plus_one("n")) == "no session");
  CHECK(b.apply(call{verb::session, 0, 0, {"s"}}) == "[\"new\" 0]");
  CHECK(b.once("s", 1, plus_one("n")) == "1");
  CHECK(b.once("s", 1, plus_one("n")) == "1");
  CHECK(b.once("s", 5, plus_one("n")) == "2");
  CHECK(b.once("s", 3, plus_one("n")) == "overtaken");
  CHECK(b.apply(call{verb::session, 0, 0, {"s"}}) == "[\"resumed\" 5]");
  CHECK(b.get("n") == "\"2\"");
  for (std::uint64_t i = 6; i < 6 + named_sessions::kept_answers; ++i)
    b.once("s", i, plus_one("n"));
  CHECK(b.once("s", 5, plus_one("n")) == "overtaken");
  CHECK(b.once("s", 6, plus_one("n")) == "3");
}

TEST_CASE("sessions that were used longest ago go first") {
  bench b;
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= named_sessions::max_sessions; ++i)
    names.push_back("s" + std::to_string(i));
  for (std::size_t i = 0; i < named_sessions::max_sessions; ++i)
    b.apply(call{verb::session, 0, 0, {names[i]}});
  CHECK(b.once("s0", 1, plus_one("n")) == "1"); // so that s1 is the oldest
  b.apply(call{verb::session, 0, 0, {names.back()}});
  CHECK(b.once("s0", 2, plus_one("n")) == "2");
  CHECK(b.once("s1", 1, plus_one("n")) == "no session");
}

TEST_CASE("the order in which sessions go survives a snapshot, and a clone") {
  for (const bool restored : {true, false}) {
    CAPTURE(restored);
    bench b;
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= named_sessions::max_sessions; ++i) // not in the order of names
      names.push_back(std::to_string(i * 7'919 % (named_sessions::max_sessions + 1)));
    for (std::size_t i = 0; i < named_sessions::max_sessions; ++i)
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

TEST_CASE("large replies stop a pipeline early, but not a transaction") {
  bench b;
  const std::string value(max_value_bytes, 'x');
  b.set("k", value);
  std::vector<call> calls(5, call{verb::get, 0, 0, {"k"}});
  auto t = b.of(calls);
  const auto part = b.store.query(encode(t));
  pmmc::byte_reader in{std::string_view{part}.substr(1)};
  CHECK(in.varint() == 1);
  t.calls.resize(20, calls[0]);
  t.whole = true;
  const auto whole = b.store.query(encode(t));
  pmmc::byte_reader all{std::string_view{whole}.substr(1)};
  CHECK(all.varint() == 20);
  CHECK(whole.size() <= max_whole_reply_bytes);
  CHECK(text_of(whole).ends_with(no_room));
}

TEST_CASE("a call whose reply does not fit is refused, and has no effect") {
  bench b;
  const std::string value(max_value_bytes, 'x');
  b.set("k", value);
  b.set("other", value);
  auto t = b.of(std::vector<call>(15, call{verb::get, 0, 0, {"k"}}));
  t.whole = true;
  t.calls.push_back({verb::set, call_flags::get, 0, {"k", "new"}});
  t.calls.push_back({verb::getdel, 0, 0, {"other"}});
  t.calls.push_back({verb::mget, 0, 0, {"n", "k"}});
  t.calls.push_back({verb::keys, 0, 0, {"*"}}); // what is small goes on
  t.calls.push_back(plus_one("n"));
  const auto answer = b.store.apply(encode(t));
  CHECK(answer.size() <= max_whole_reply_bytes);
  const auto refused = std::string{" "} + no_room;
  CHECK(text_of(answer).ends_with("x\"" + refused + refused + refused + " [\"k\" \"other\"] 1"));
  CHECK(b.get("k") == '"' + value + '"');
  CHECK(b.get("other") == '"' + value + '"');
}

TEST_CASE("the whole answer stays below its limit, however many calls are refused") {
  bench b;
  const std::string value(max_value_bytes, 'x');
  b.set("k", value);
  auto t = b.of(std::vector<call>(max_calls, call{verb::get, 0, 0, {"k"}}));
  t.whole = true;
  const auto answer = b.store.apply(encode(t));
  CHECK(answer.size() <= max_whole_reply_bytes);
  CHECK(answer.size() > max_whole_reply_bytes / 2);
  pmmc::byte_reader in{std::string_view{answer}.substr(1)};
  CHECK(in.varint() == max_calls);
  t.calls.push_back(t.calls[0]);
  CHECK(read_answer(verb::get, b.store.apply(encode(t)))->status == answer_status::malformed);
}

TEST_CASE("KEYS, SCAN and MGET count all that they answer") {
  bench b;
  const auto names = b.fill(1'500'000, 10); // 18 MB with what frames them, 15 MB without
  CHECK(b.query({verb::keys, 0, 0, {"*"}}) == no_room);
  CHECK(b.query({verb::keys, 0, 0, {"100000000?"}}).size() == 10 * 13 + 1);
  CHECK(b.query({verb::scan, 0, 1'000'000, {""}}).size() > max_scan_keys * 13);
  call all{verb::mget, 0, 0, {names.begin(), names.end()}};
  CHECK(b.query(all).starts_with("[\"\" \"\""));
  b.set(names[0], std::string(max_value_bytes, 'x'));
  all.words.assign(17, names[0]);
  CHECK(b.query(all) == no_room);
}

TEST_CASE("a session's largest answer is read back from the snapshot") {
  bench b;
  b.apply(call{verb::session, 0, 0, {"s"}});
  const std::string value(max_value_bytes, 'x');
  b.set("big", value);
  b.fill(1'000'000, 16);
  auto t = b.of(std::vector<call>(15, call{verb::get, 0, 0, {"big"}})); // 15 MiB
  t.calls.push_back({verb::keys, 0, 0, {"*"}});                         // and 18 MB more
  t.calls.push_back({verb::mget, 0, 0, {"big"}});
  t.calls.push_back({verb::getdel, 0, 0, {"big"}});
  t.whole = true;
  t.session = "s";
  t.sequence = 1;
  const auto answer = b.store.apply(encode(t));
  CHECK(answer.size() <= max_whole_reply_bytes);
  bench copy;
  copy.now = b.now;
  std::istringstream in{b.snapshot()};
  copy.store.restore(in);
  CHECK(copy.store.fingerprint() == b.store.fingerprint());
  CHECK(copy.store.apply(encode(t)) == answer);
}

TEST_CASE("a snapshot holds deadlines, versions, sessions and the time") {
  bench b;
  b.set("k", "1", call_flags::relative, 500);
  b.set("plain", "2");
  b.set("gone", "3");
  b.apply(call{verb::del, 0, 0, {"gone"}});
  b.apply(call{verb::session, 0, 0, {"s"}});
  b.once("s", 7, plus_one("n"));
  const auto bytes = b.snapshot();
  CHECK(bytes.size() == b.store.size_bytes());
  bench copy;
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
  bench b;
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
  bench b;
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
