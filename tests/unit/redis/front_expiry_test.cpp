// Through the front: keys that are due, and the log time.
#include "front_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;
using pmmc::outcome_kind;
using pmmc::redis::test::bench;

TEST_CASE("a read of a key that is due goes through the log, and does not see it") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.pass(100);
  b.send(1, "GET a\n");
  REQUIRE(b.waiting[0].is_query);
  b.step();
  REQUIRE(b.waiting.size() == 1);
  CHECK(!b.waiting[0].is_query);
  b.step();
  CHECK(b.replies[1] == "+OK\r\n$-1\r\n");
}

TEST_CASE("keys that are due expire without anybody's asking") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.waiting.empty());
  b.pass(100);
  b.redis.expire_keys();
  b.look();
  b.step();
  b.step();
  CHECK(b.store.size() == 0);
}

TEST_CASE("keys that are due are asked for once at a time, and again when that has failed") {
  bench b;
  const auto ask = [&] {
    b.redis.expire_keys();
    b.look();
    return b.waiting.size();
  };
  CHECK(ask() == 1);
  CHECK(ask() == 1); // a replica that does not answer is not asked more and more
  b.finish(outcome_kind::not_executed, "no quorum");
  CHECK(b.waiting.empty());
  CHECK(ask() == 1);
}

TEST_CASE(
    "keys that are due are not asked for while the operation is under way that removes them") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.pass(100);
  b.redis.expire_keys();
  b.look();
  b.step(); // it is due
  b.redis.expire_keys();
  b.look();
  REQUIRE(b.waiting.size() == 1);
  CHECK(!b.waiting[0].is_query);
}

TEST_CASE("a port that does not know the time moves none, and works all the same") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.redis.set_clock(b.now += 400LL * 86'400'000); // the wall clock alone is not asked
  b.redis.set_log_clock(std::nullopt);
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.waiting.empty());
  CHECK(b.run(1, "GET a\nPTTL a\nSET b 1 PX 50\nPTTL b\n") == "$1\r\n1\r\n:100\r\n+OK\r\n:50\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET NOW\n").starts_with("-TRYAGAIN not executed"));
}

TEST_CASE("a clock that goes back between a read and its retry is no endless loop") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  b.pass(100);
  b.send(1, "GET a\n");
  b.pass(-50);
  b.step();
  b.step();
  CHECK(b.waiting.empty());
  CHECK(b.replies[1] == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("the log time is shown, and set back by an administrator only") {
  bench b;
  b.open(1);
  CHECK(!b.redis.log_time());
  const auto right = b.now;
  const auto days_400 = 400LL * 86'400'000;
  b.pass(days_400);
  b.run(1, "SET a 1 PX 100\n");
  CHECK(b.run(1, "PMMC CLOCK\n") == ":" + std::to_string(right + days_400) + "\r\n");
  b.redis.expire_keys();
  b.look();
  b.step();
  CHECK(b.redis.log_time() == static_cast<pmmc::kv::log_time>(right + days_400));
  b.now = right + 5;
  b.set_clock();
  CHECK(b.run(1, "SET b 1 PX 100\nPMMC CLOCK\n") ==
        "+OK\r\n:" + std::to_string(right + days_400) + "\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET NOW\n") == "*2\r\n:" + std::to_string(right + days_400) +
                                                "\r\n:" + std::to_string(right + 5) + "\r\n");
  CHECK(b.run(1, "pmmc clock set 1700\n") ==
        "*2\r\n:" + std::to_string(right + 5) + "\r\n:1700\r\n");
  CHECK(b.run(1, "SET c 1 PX 100\nPTTL c\n") == "+OK\r\n:100\r\n");
  CHECK(b.run(1, "PMMC CLOCK\n") == ":" + std::to_string(right + 5) + "\r\n");
  for (const auto* wrong : {"PMMC CLOCK SET\n", "PMMC CLOCK SET x\n", "PMMC CLOCK SET -1\n",
                            "PMMC CLOCK GET 1\n", "PMMC CLOCK SET 18446744073709551615\n"})
    CHECK(b.run(1, wrong).starts_with("-ERR"));
  const auto last = pmmc::kv::last_log_time;
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(last + 1) + "\n") ==
        "-ERR PMMC CLOCK SET takes NOW, or a time in ms since 1970\r\n");
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(last) + "\n")
            .ends_with(":" + std::to_string(last) + "\r\n"));
}

TEST_CASE("no clock comes before an administrator's word: what it makes due stays") {
  bench b;
  b.open(1);
  b.run(1, "SET a 1 PX 100\n");
  const auto before = b.now;
  b.pass(200); // and nobody has told the log
  CHECK(b.run(1, "PMMC CLOCK SET " + std::to_string(before + 50) + "\n") ==
        "*2\r\n:" + std::to_string(before) + "\r\n:" + std::to_string(before + 50) + "\r\n");
  CHECK(b.store.size() == 1);
}
