// The model of the store: it agrees with the store on what transactions answer, and sees when a
// version does not tell of a change.
#include "sim/checkers/store_model.hpp"

#include "base/random.hpp"
#include "kv/kv_store.hpp"
#include "sim/checkers/violation.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <set>

using namespace pmmc;
using namespace pmmc::sim;
using kv::verb;

namespace {

namespace flags = kv::call_flags;

/// Calls of all kinds on few keys, some of them in sessions, some watching what they were told of.
struct chooser {
  random_source random{42};
  std::deque<std::string> words;
  std::map<std::string, std::uint64_t> versions;

  std::string_view keep(std::string word) { return words.emplace_back(std::move(word)); }
  std::string_view key() { return keep("r" + std::to_string(random.below(5))); }
  std::string_view value() {
    return keep(random.below(2) == 0 ? std::to_string(random.below(100)) : "text");
  }
  std::int64_t ms() { return static_cast<std::int64_t>(random.below(3'000)); }

  kv::call call() {
    switch (random.below(17)) {
    case 0:
      return {verb::get, 0, 0, {key()}};
    case 1:
      return {verb::mget, 0, 0, {key(), key()}};
    case 2:
      return {verb::set, flags::nx, 0, {key(), value()}};
    case 3:
      return {verb::set, static_cast<std::uint8_t>(flags::xx | flags::get), 0, {key(), value()}};
    case 4:
    case 5:
      return {verb::set, flags::relative, ms(), {key(), value()}};
    case 6:
      return {verb::del, 0, 0, {key(), key()}};
    case 7:
      return {verb::append, 0, 0, {key(), value()}};
    case 8:
      return {verb::incrby, 0, ms(), {key()}};
    case 9:
      return {verb::expire,
              static_cast<std::uint8_t>(flags::relative | 1U << random.below(4)),
              ms(),
              {key()}};
    case 10:
      return {verb::ttl, flags::in_ms, 0, {key()}};
    case 11:
      return {verb::persist, 0, 0, {key()}};
    case 12:
      return {verb::scan, 0, static_cast<std::int64_t>(1 + random.below(4)), {"", "r*"}};
    case 13:
      return {verb::mset,
              random.below(2) == 0 ? flags::nx : std::uint8_t{0},
              0,
              {key(), value(), key(), value()}};
    case 14:
      return {verb::getdel, 0, 0, {key()}};
    case 15:
      return random.below(4) == 0 ? kv::call{verb::flushall, 0, 0, {}}
                                  : kv::call{verb::dbsize, 0, 0, {}};
    default:
      return {verb::keys, 0, 0, {"*"}};
    }
  }

  kv::transaction transaction(kv::log_time now) {
    kv::transaction t;
    t.now = now;
    t.whole = random.below(2) == 0;
    for (auto n = 1 + random.below(4); n > 0; --n)
      t.calls.push_back(call());
    return t;
  }
};

} // namespace

TEST_CASE("store model: it answers as the store does, whatever is asked") {
  chooser choose;
  kv::kv_store store;
  store_model model;
  kv::log_time now = 1'000'000;
  std::uint64_t request = 0;
  std::set<kv::transaction_status> statuses;
  for (int i = 0; i < 20'000; ++i) {
    now += choose.random.below(200);
    const bool back = choose.random.below(5) == 0; // somebody else's clock is behind
    auto t = choose.transaction(back ? now - 500 : now);
    if (choose.random.below(3) == 0) {
      kv::transaction watch;
      watch.now = now;
      watch.calls.push_back({verb::version, 0, 0, {choose.key()}});
      const auto key = std::string{watch.calls[0].words[0]};
      const auto body = store.query(kv::encode(watch));
      REQUIRE(model.is_answer(watch, model.query(watch, model.now()), body));
      byte_reader in{std::string_view{body}.substr(1)};
      in.varint();
      kv::next_reply(in);
      if (const auto version = kv::next_reply(in))
        choose.versions[key] = static_cast<std::uint64_t>(version->integer);
    }
    if (choose.random.below(3) == 0 && !choose.versions.empty())
      t.watched.emplace_back(choose.keep(choose.versions.begin()->first),
                             choose.versions.begin()->second);
    if (choose.random.below(4) == 0) {
      if (request == 0) {
        kv::transaction open;
        open.calls.push_back({verb::session, 0, 0, {"s"}});
        CHECK(model.perform(open).answer == store.apply(kv::encode(open)));
      }
      t.session = "s";
      t.sequence = choose.random.below(3) == 0 ? request : ++request;
      t.whole = true;
    }
    const auto op = kv::encode(t);
    const auto told = store.apply(op);
    statuses.insert(static_cast<kv::transaction_status>(told.front()));
    REQUIRE(model.perform(t).answer == told);
  }
  CHECK(statuses.contains(kv::transaction_status::aborted));
  CHECK(model.log_time(model.now()) > 1'000'000);
}

TEST_CASE("store model: a query shows the store as it was, and what is due first") {
  store_model model;
  kv::transaction set;
  set.now = 1'000;
  set.calls.push_back({verb::set, flags::relative, 100, {"r0", "x"}});
  const auto before = model.now();
  model.perform(set);
  kv::transaction get;
  get.now = 1'099;
  get.calls.push_back({verb::get, 0, 0, {"r0"}});
  CHECK(model.query(get, before) == std::string{"\0\1\0", 3}); // nil
  CHECK(model.query(get, model.now()) == std::string{"\0\1\2\1x", 5});
  get.now = 1'100;
  CHECK(model.query(get, model.now()).front() == static_cast<char>(kv::transaction_status::due));
  CHECK(model.perform(get).expired == 1);
}

TEST_CASE("store model: W1 a version of two states, or one that nobody was told of") {
  store_model model;
  const auto versions = [](std::int64_t n) {
    kv::reply_writer out;
    out.array(1);
    out.integer(n);
    return std::string{"\0\1", 2} + out.take();
  };
  const auto broken_by = [](const auto& action) {
    try {
      action();
    } catch (const violation& v) {
      return std::string{v.what()}.substr(0, 2);
    }
    return std::string{};
  };
  kv::transaction watch;
  watch.calls.push_back({verb::version, 0, 0, {"r0"}});
  kv::transaction set;
  set.calls.push_back({verb::set, 0, 0, {"r0", "x"}});
  const auto told = [&](std::int64_t n) {
    return model.is_answer(watch, model.query(watch, model.now()), versions(n));
  };
  CHECK(told(7));
  model.perform(set);
  CHECK(broken_by([&] { told(7); }) == "W1");
  CHECK(told(8));
  set.watched.emplace_back("r0", 7);
  CHECK(model.perform(set).answer.front() == static_cast<char>(kv::transaction_status::aborted));
  set.watched.front().second = 8;
  CHECK(model.perform(set).answer.front() == static_cast<char>(kv::transaction_status::done));
  set.watched.front().second = 9;
  CHECK(broken_by([&] { model.perform(set); }) == "W1");
}
