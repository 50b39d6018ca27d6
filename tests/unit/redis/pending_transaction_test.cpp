#include "redis/pending_transaction.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

using namespace pmmc::redis;

namespace {

request words(std::initializer_list<std::string_view> all) {
  request r;
  for (const auto word : all)
    r.add(word);
  return r;
}

struct fixture {
  front_settings limits;
  byte_account memory{10'000};
  std::optional<pending_transaction> pending{std::in_place, limits, memory};
};

} // namespace

TEST_CASE("pending transaction: what it holds is given back, whatever ends it") {
  fixture f;
  auto& p = *f.pending;
  const auto fill = [&] {
    p.open();
    p.watch("k", 1);
    p.queue(words({"INCR", "k"}));
    CHECK(f.memory.in_use() > words({"INCR", "k"}).cost() + 1);
  };
  fill();
  p.forget();
  CHECK(f.memory.in_use() == 0);
  CHECK(!p.is_open());
  fill();
  p.forget_watched();
  CHECK(f.memory.in_use() == words({"INCR", "k"}).cost());
  CHECK(p.is_open());
  f.pending.reset();
  CHECK(f.memory.in_use() == 0);
}

TEST_CASE("pending transaction: what was taken for EXEC counts until that is answered") {
  fixture f;
  auto& p = *f.pending;
  p.open();
  p.watch("k", 7);
  p.watch("k", 8); // the first version is what EXEC is about
  p.queue(words({"INCR", "k"}));
  const auto held = f.memory.in_use();
  {
    byte_share of_the_bundle;
    {
      auto taken = p.take();
      CHECK(taken.commands.size() == 1);
      CHECK(taken.watched == pending_transaction::watched_keys{{"k", 7}});
      of_the_bundle = std::move(taken.memory);
    }
    CHECK(!p.is_open());
    CHECK(p.watched() == 0);
    CHECK(of_the_bundle.bytes() == held);
    p.forget();
    CHECK(f.memory.in_use() == held);
    p.open();
    p.queue(words({"GET", "k"})); // the next one counts beside it
    CHECK(f.memory.in_use() == held + words({"GET", "k"}).cost());
    p.forget();
  }
  CHECK(f.memory.in_use() == 0);
}

TEST_CASE(
    "pending transaction: a command refused while it is open, or a WATCH before it, ends it") {
  fixture f;
  auto& p = *f.pending;
  p.refused(false); // of no transaction
  CHECK(!p.must_abort());
  p.refused(true);
  p.refused(false);
  p.open();
  CHECK(p.must_abort());
  p.forget();
  CHECK(!p.must_abort());
  p.open();
  p.refused(false);
  p.forget_watched(); // that is another matter
  CHECK(p.must_abort());
  p.forget();
  p.watch_failed();
  CHECK(p.must_abort());
  p.forget_watched();
  CHECK(!p.must_abort());
}

TEST_CASE("pending transaction: its own bound, and that of all connections") {
  fixture f;
  f.limits.max_transaction_bytes = 4'000;
  auto& p = *f.pending;
  CHECK(p.why_full(4'000).empty());
  CHECK(p.why_full(4'001) == "ERR a transaction has at most 1 MiB");
  byte_share others{f.memory};
  others.take(9'000);
  CHECK(p.why_full(1'000).empty());
  CHECK(p.why_full(1'001) == pending_transaction::busy);
  const auto large = words({"WATCH", std::string(1'000, 'k')});
  CHECK(!p.has_room_to_watch(large));
  others.give_back();
  CHECK(p.has_room_to_watch(large));
  p.watch(large[1], 1);
  others.take(10'000 - f.memory.in_use());
  CHECK(p.has_room_to_watch(large)); // it takes nothing more
}

TEST_CASE("pending transaction: whether all its replies come from the store") {
  fixture f;
  auto& p = *f.pending;
  p.queue(words({"INCR", "k"}));
  CHECK(p.needs_store_throughout());
  p.queue(words({"PING"}));
  CHECK(!p.needs_store_throughout());
}
