// The log time, and keys that expire by it.
#include "kv/single_call.hpp"
#include "store_bench.hpp"

using namespace pmmc::kv;

TEST_CASE("a key expires when the log time reaches its deadline, for everybody at once") {
  store_bench b;
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
  store_bench b;
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
  store_bench b;
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
  store_bench b;
  const auto last = static_cast<std::int64_t>(last_log_time);
  const auto too_late = b.apply(call{verb::set_clock, 0, last + 1, {}});
  CHECK(too_late.starts_with("-ERR"));
  CHECK(b.query({verb::clock, 0, 0, {}}) == "1000000");
  CHECK(b.apply(call{verb::set_clock, 0, last, {}}) == "[1000000 " + std::to_string(last) + "]");
}

TEST_CASE("what does not know the time moves nothing, and sees nothing as due") {
  store_bench b;
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
  store_bench b;
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
  const auto version = [&] { return b.query({verb::version, 0, 0, {"k"}}); };
  const auto before = version();
  CHECK(b.apply(call{verb::persist, 0, 0, {"k"}}) == "1");
  const auto after = version();
  CHECK(after != before); // who watches it sees that it was touched
  CHECK(b.apply(call{verb::persist, 0, 0, {"k"}}) == "0");
  CHECK(version() == after);
  CHECK(left() == "-1");
  CHECK(b.apply(call{verb::expire, call_flags::relative, -1, {"k"}}) == "1");
  CHECK(left() == "-2");
  CHECK(b.apply(call{verb::expire, call_flags::relative, 10, {"k"}}) == "0");
}

TEST_CASE("EXPIRE's conditions") {
  store_bench b;
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
