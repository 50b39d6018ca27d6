// What goes to the replica when, and what may be under way at once.
#include "turns_bench.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <iterator>
#include <random>

using namespace pmmc::redis;
using namespace pmmc::redis::test;
using pmmc::outcome_kind;

TEST_CASE("turns: a large reply is made when there is room for it, and then whole") {
  bench b{tight()};
  b.open(1);
  b.run(1, set_large("a"));
  b.drained(1);
  b.send(1, "GET a\n");
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].max_reply == 1'000); // nobody knows yet
  b.replies[1].clear();
  b.step();
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].max_reply > value_bytes);
  b.step();
  CHECK(b.replies[1] == get_reply());
  b.drained(1);
  b.send(1, "GET a\n");
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].max_reply > value_bytes); // it is expected now
}

TEST_CASE("turns: a reply that is on its way to the sockets is not read when others have been") {
  bench b{tight()};
  b.open(1);
  b.run(1, set_large("a"));
  b.run(1, "GET a\n");
  const auto first = b.unread[1];
  CHECK(b.redis.reply_bytes() == first);
  b.redis.drained(1, first - 1'000); // the rest has not come there yet
  CHECK(b.redis.reply_bytes() == 0);
  b.run(1, "GET a\n");
  CHECK(b.redis.reply_bytes() == get_reply().size() + 1'000);
  b.redis.drained(1, 1'000);
  CHECK(b.redis.reply_bytes() == get_reply().size());
  b.redis.drained(1, get_reply().size());
  CHECK(b.redis.reply_bytes() == 0);
}

TEST_CASE("turns: large replies that are not read bound those that are made; small ones pass") {
  bench b{tight()};
  b.open(100);
  b.run(100, set_large("a") + "SET small 1\n");
  for (connection_id id = 1; id <= 20; ++id) {
    b.open(id);
    b.send(id, "GET a\n");
  }
  const auto finish_all = [&] {
    while (!b.waiting.empty())
      b.step();
  };
  finish_all();
  const auto answered = [&] {
    std::size_t n = 0;
    for (connection_id id = 1; id <= 20; ++id)
      n += b.replies[id] == get_reply();
    return n;
  };
  CHECK(answered() >= 3);
  CHECK(answered() <= 5);
  CHECK(b.redis.wants_room());
  CHECK(b.run(100, "GET small\n") == "$1\r\n1\r\n");
  CHECK(b.run(100, "INCR small\n") == ":2\r\n");
  for (connection_id id = 1; id <= 20; ++id) { // one reads, another one goes
    if (id % 2 == 0)
      b.drained(id);
    else if (b.replies[id].empty())
      continue;
    else
      b.redis.closed(id);
    b.look();
    finish_all();
  }
  for (connection_id id = 1; id <= 20; ++id)
    b.drained(id);
  b.look();
  finish_all();
  CHECK(answered() == 20);
  CHECK(!b.redis.wants_room());
}

TEST_CASE("turns: an operation with a large reply has its room before it is executed") {
  bench b{tight()};
  for (connection_id id = 1; id <= 3; ++id) {
    b.open(id);
    b.send(id, "SET a 1\nGET a\n");
  }
  CHECK(b.waiting.size() == 1); // each may be answered with a value of a mebibyte
  while (!b.waiting.empty())
    b.step();
  for (connection_id id = 1; id <= 3; ++id)
    CHECK(b.replies[id] == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("turns: bytes of operations at the replica are bounded, and small ones go first") {
  bench b{tight()};
  for (connection_id id = 1; id <= 30; ++id) {
    b.open(id);
    b.send(id, set_large("k" + std::to_string(id)));
  }
  CHECK(b.waiting.size() == 2);
  b.open(99);
  b.send(99, "INCR n\n");
  b.step();
  b.step();
  b.step();
  CHECK(b.replies[99] == ":1\r\n");
  while (!b.waiting.empty())
    b.step();
  for (connection_id id = 1; id <= 30; ++id)
    CHECK(b.replies[id] == "+OK\r\n");
}

TEST_CASE("turns: what waits goes with its connection, and all room is free in the end") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand chance{seed};
  bench b{tight()};
  b.open(1'000);
  b.run(1'000, set_large("a"));
  connection_id last = 0;
  std::set<connection_id> open;
  const char* requests[] = {"GET a\n",
                            "SET a 1\nGET a\n",
                            "INCR n\n",
                            "MGET a a a a\n",
                            "MULTI\nGET a\nEXEC\n",
                            "WATCH a b\n",
                            "UNWATCH\n",
                            "MULTI\nCOMMAND DOCS\nSET a 1\n",
                            "EXEC\n",
                            "DISCARD\n",
                            "COMMAND DOCS\nPING\n"};
  for (int i = 0; i < 5'000; ++i) {
    const auto id = open.empty() ? 0 : *std::next(open.begin(), chance() % open.size());
    switch (chance() % 5) {
    case 0:
      b.open(++last);
      open.insert(last);
      break;
    case 1:
      b.send(id, requests[chance() % std::size(requests)]);
      break;
    case 2:
      b.drained(id);
      b.look();
      break;
    case 3:
      if (!b.waiting.empty())
        b.step();
      break;
    case 4:
      if (chance() % 3 == 0) {
        b.redis.closed(id);
        open.erase(id);
        b.look();
      }
      break;
    }
  }
  for (const auto id : open)
    b.redis.closed(id);
  b.look();
  while (!b.waiting.empty())
    b.step();
  CHECK(!b.redis.wants_room());
  CHECK(b.redis.bytes_under_way() == 0);
  CHECK(b.redis.transaction_bytes() == 0);
}

TEST_CASE("turns: who goes while it waits for the replica gives back its room for a reply") {
  bench b{tight()};
  for (connection_id id = 1; id <= 3; ++id)
    b.open(id);
  b.send(1, set_large("a"));
  b.send(2, set_large("b"));
  const auto others = b.redis.reply_bytes();
  b.send(3, set_large("c") + "GET c\n");
  REQUIRE(b.waiting.size() == 2); // as many bytes of operations as may be
  REQUIRE(b.redis.reply_bytes() > others);
  b.redis.closed(3);
  CHECK(b.redis.reply_bytes() == others);
}

TEST_CASE(
    "turns: what a connection that has gone has under way takes its bytes until it is answered") {
  bench b{tight()};
  b.open(1);
  b.send(1, set_large("a"));
  const auto bytes = b.redis.bytes_under_way();
  REQUIRE(bytes > value_bytes);
  b.redis.closed(1);
  CHECK(b.redis.bytes_under_way() == bytes);
  b.step();
  CHECK(b.redis.bytes_under_way() == 0);
}

TEST_CASE("turns: a reply that grows while it is asked for is made all the same") {
  bench b{tight()};
  b.open(1);
  b.send(1, "GET a\n");
  for (std::uint64_t bytes : {2'000u, 10'000u}) {
    b.finish(outcome_kind::refused, "too large", false, bytes);
    REQUIRE(b.waiting.size() == 1);
    CHECK(b.waiting[0].max_reply > bytes);
  }
  b.finish(outcome_kind::refused, "too large", false, 50'000);
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.waiting[0].max_reply == 0);                      // however large it is now
  CHECK(b.redis.bytes_under_way() > std::size_t{1} << 20); // and there is room for a whole value
  b.step();
  CHECK(b.replies[1] == "$-1\r\n");
}

TEST_CASE("turns: the texts behind a reply that waits for room do not take that room") {
  bench b{tight()};
  b.open(100);
  b.run(100, set_large("a"));
  for (connection_id id = 1; id <= 20; ++id) {
    b.open(id);
    b.run(id, "GET a\n"); // a large one is expected from now on
    b.drained(id);
    b.replies[id].clear();
  }
  b.open(30); // reads nothing
  for (int i = 0; i < 5; ++i)
    b.run(30, "GET a\n");
  for (connection_id id = 1; id <= 20; ++id)
    b.send(id, "GET a\nECHO " + std::string(value_bytes / 2, 'x') + "\n");
  b.drained(30);
  for (int i = 0; i < 100; ++i) {
    b.look();
    if (!b.waiting.empty())
      b.step();
    for (connection_id id = 1; id <= 20; ++id)
      if (b.replies[id].size() > value_bytes)
        b.drained(id);
  }
  for (connection_id id = 1; id <= 20; ++id)
    CHECK(b.replies[id].starts_with(get_reply()));
}

TEST_CASE("turns: after a large reply, room for one is kept for a few more only") {
  bench b{tight()};
  b.open(1);
  b.run(1, set_large("a") + "SET small 1\n");
  b.run(1, "GET a\n");
  b.drained(1);
  std::uint64_t before = value_bytes * 2;
  for (int i = 0; i < 6; ++i) {
    b.send(1, "GET small\n");
    REQUIRE(b.waiting.size() == 1);
    CHECK(b.waiting[0].max_reply < before);
    before = b.waiting[0].max_reply;
    b.step();
  }
  b.send(1, "GET small\n");
  CHECK(b.waiting.at(0).max_reply == 1'000);
}

TEST_CASE("turns: what would be refused for its size is refused before it costs a number") {
  const auto check = [](const std::string& lines, std::string_view why) {
    CAPTURE(lines.substr(0, 40));
    bench b;
    b.open(1);
    b.open(2);
    b.run(1, "PMMC SESSION s\n");
    b.replies[1].clear();
    std::vector<request> requests;
    parser p;
    p.feed(lines, requests);
    b.redis.on(1, std::move(requests));
    b.look();
    while (!b.waiting.empty()) {
      CHECK(b.waiting[0].op.size() <= front::settings{}.max_op_bytes);
      b.step();
    }
    CHECK(b.replies[1].find(why) != std::string::npos);
    CHECK(b.run(1, "INCR n\n") == ":1\r\n");
    CHECK(b.run(2, "INCR n\n") == ":2\r\n");
  };
  const auto bulk = [](std::string_view word) {
    return "$" + std::to_string(word.size()) + "\r\n" + std::string{word} + "\r\n";
  };
  const auto limit = std::to_string(front::settings{}.max_op_bytes);
  check("*3\r\n$4\r\nPMMC\r\n$7\r\nSESSION\r\n" + bulk(std::string(1'500'000, 'n')),
        "a session's name");
  std::string watch = "*1001\r\n$5\r\nWATCH\r\n";
  for (int i = 0; i < 1'000; ++i)
    watch += bulk(std::to_string(i) + std::string(1'000, 'k'));
  check(watch + "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" +
            bulk(std::string(900'000, 'v')) + "*1\r\n$4\r\nEXEC\r\n",
        limit);
}
