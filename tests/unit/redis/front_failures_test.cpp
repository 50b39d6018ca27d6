// What waits for its turn while nothing is decided.
#include "turns_bench.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace pmmc::redis;
using namespace pmmc::redis::test;
using pmmc::outcome_kind;

TEST_CASE("turns: while nothing is decided, what waits is told so, and not one after the other") {
  bench b{tight()};
  for (connection_id id = 1; id <= 30; ++id) {
    b.open(id);
    b.send(id, set_large("k"));
  }
  for (int i = 0; i < 600; ++i)
    b.redis.on_tick();
  b.look();
  CHECK(b.replies.empty()); // the replica may just be slow
  b.finish(outcome_kind::unknown, "no quorum");
  for (int i = 0; i < 10; ++i)
    b.redis.on_tick();
  b.look();
  std::size_t told = 0;
  for (connection_id id = 1; id <= 30; ++id)
    told += b.replies[id] == "-CLUSTERDOWN not executed: no quorum\r\n";
  CHECK(told >= 27);
  while (!b.waiting.empty())
    b.step();
  CHECK(b.run(30, "INCR n\n") == ":1\r\n");
}

TEST_CASE("turns: that one fails tells nobody else who has not waited long") {
  bench b{tight()};
  b.open(1);
  b.run(1, set_large("k"));
  for (unsigned i = 0; i < 3 * tight().patience_ticks; ++i)
    b.redis.on_tick();
  for (connection_id id = 1; id <= 10; ++id) {
    b.open(id);
    b.send(id, set_large("k"));
  }
  b.replies.clear();
  b.finish(outcome_kind::not_executed, "no quorum");
  for (unsigned i = 0; i < tight().patience_ticks - 1; ++i)
    b.redis.on_tick();
  b.look();
  CHECK(b.replies.size() == 1);
  for (int i = 0; i < 10; ++i)
    b.redis.on_tick();
  b.look();
  CHECK(b.replies.size() > 5);
}

TEST_CASE("turns: a failure is forgotten when the next one has succeeded") {
  bench b{tight()};
  for (connection_id id = 1; id <= 10; ++id) {
    b.open(id);
    b.send(id, set_large("k"));
  }
  b.finish(outcome_kind::not_executed, "no quorum");
  b.step();
  b.replies.clear();
  for (unsigned i = 0; i < 2 * tight().patience_ticks; ++i)
    b.redis.on_tick();
  b.look();
  CHECK(b.replies.empty()); // the replica serves, slow as it is
}

TEST_CASE("turns: that operations fail says nothing of queries, nor the other way round") {
  auto options = tight();
  options.max_query_bytes = 5'000;
  bench b{options};
  for (connection_id id = 1; id <= 20; ++id) {
    b.open(id);
    b.send(id, id % 2 == 0 ? "GET k\n" : set_large("k"));
  }
  const auto failing = [&](bool queries) { // those that are under way
    for (auto left = b.waiting.size(); left > 0; --left)
      if (b.waiting.front().is_query == queries)
        b.finish(outcome_kind::not_executed, "no quorum");
      else
        std::rotate(b.waiting.begin(), b.waiting.begin() + 1, b.waiting.end());
    for (int i = 0; i < 10; ++i)
      b.redis.on_tick();
    b.look();
  };
  bool queries = false;
  SUBCASE("operations") {}
  SUBCASE("queries") { queries = true; }
  for (int i = 0; i < 600; ++i)
    b.redis.on_tick();
  failing(queries);
  std::size_t told = 0, others = 0;
  for (connection_id id = 1; id <= 20; ++id)
    if (!b.replies[id].empty())
      ++((id % 2 == 0) == queries ? told : others);
  const auto under_way = static_cast<std::size_t>(std::count_if(
      b.waiting.begin(), b.waiting.end(), [&](const auto& s) { return s.is_query == queries; }));
  CHECK(under_way < 5);
  CHECK(told + under_way == 10);
  CHECK(others == 0);
}
