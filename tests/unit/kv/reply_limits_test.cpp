// How large answers may be, and what is refused for that.
#include "kv/single_call.hpp"
#include "store_bench.hpp"

using namespace pmmc::kv;

TEST_CASE("large replies stop a pipeline early, but not a transaction") {
  store_bench b;
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
  store_bench b;
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
  store_bench b;
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
  store_bench b;
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
  store_bench b;
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
  store_bench copy;
  copy.now = b.now;
  std::istringstream in{b.snapshot()};
  copy.store.restore(in);
  CHECK(copy.store.fingerprint() == b.store.fingerprint());
  CHECK(copy.store.apply(encode(t)) == answer);
}
