// Transactions of one call: what their answers are taken for, and what is none.
#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include "random_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace pmmc::kv;
using pmmc::testing::damaged;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

namespace {

/// One after the other, on one store, with what they are told.
const std::vector<std::pair<transaction, answer>> dialogue = {
    {get("k"), {answer_status::absent, {}}},
    {put("k", "old"), {}},
    {get("k"), {answer_status::ok, std::string{"old"}}},
    {put("k", ""), {}},
    {get("k"), {answer_status::ok, std::string{}}},
    {append("k", "abc"), {answer_status::ok, std::uint64_t{3}}},
    {cas("k", "other", "new"), {answer_status::mismatch, std::string{"abc"}}},
    {cas("k", std::nullopt, "new"), {answer_status::mismatch, std::string{"abc"}}},
    {cas("k", "abc", "new"), {}},
    {cas("none", "", "new"), {answer_status::mismatch, {}}},
    {cas("none", std::nullopt, "7"), {}},
    {incr("none", -8), {answer_status::ok, std::int64_t{-1}}},
    {incr("k"), {answer_status::not_a_number, {}}},
    {incr("none", std::numeric_limits<std::int64_t>::min()), {answer_status::overflow, {}}},
    {del("k"), {}},
    {del("k"), {answer_status::absent, {}}},
};

} // namespace

TEST_CASE("each single call is told what the store has done") {
  kv_store store;
  for (const auto& [t, told] : dialogue) {
    const auto what = t.calls.at(0).what;
    CAPTURE(to_string(told.status));
    if (is_read(what))
      CHECK(read_answer(what, store.query(encode(t))) == told);
    else
      CHECK(read_answer(what, store.query(encode(t))) == answer{answer_status::malformed, {}});
    CHECK(read_answer(what, store.apply(encode(t))) == told);
  }
}

TEST_CASE("cas: takes the deadline away, and another call of the words is refused") {
  kv_store store;
  transaction t;
  t.calls = {{verb::set, call_flags::absolute, 5'000, {"k", "v"}},
             {verb::cas, 0, 0, {"k", "v", "w"}},
             {verb::ttl, 0, 0, {"k"}},
             {verb::cas, 0, 0, {"k"}},
             {verb::cas, 0, 0, {"k", "w", "x", "y"}}};
  const auto told = store.apply(encode(t));
  pmmc::byte_reader in{told};
  in.varint();
  CHECK(in.varint() == 5);
  std::vector<reply_kind> kinds;
  for (int i = 0; i < 5; ++i) {
    const auto reply = next_reply(in);
    REQUIRE(reply);
    kinds.push_back(reply->kind);
    if (i == 2)
      CHECK(reply->integer == -1);
  }
  CHECK(kinds == std::vector{reply_kind::status, reply_kind::status, reply_kind::integer,
                             reply_kind::error, reply_kind::error});
}

TEST_CASE("an answer to another call, to several or to none is no answer") {
  kv_store store;
  const auto written = store.apply(encode(put("k", "v")));
  CHECK(!read_answer(verb::get, written));
  CHECK(!read_answer(verb::incrby, written));
  CHECK(!read_answer(verb::set, written + "x"));
  CHECK(!read_answer(verb::set, written.substr(0, written.size() - 1)));
  CHECK(!read_answer(verb::set, ""));
  CHECK(!read_answer(verb::mget, store.query(encode(get("k")))));
  transaction two;
  two.calls = {{verb::set, 0, 0, {"a", "b"}}, {verb::set, 0, 0, {"a", "b"}}};
  CHECK(!read_answer(verb::set, store.apply(encode(two))));
  transaction watches = put("k", "w");
  watches.watched = {{"k", 99}};
  CHECK(!read_answer(verb::set, store.apply(encode(watches))));
}

TEST_CASE("any bytes are an answer or none") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  kv_store store;
  for (int i = 0; i < 5'000; ++i) {
    const auto& t = dialogue[random() % dialogue.size()].first;
    const auto what = t.calls.at(0).what;
    static_cast<void>(read_answer(what, damaged(random, store.apply(encode(t)))));
    static_cast<void>(read_answer(what, random_bytes(random, 20)));
  }
}
