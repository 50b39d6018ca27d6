// Replies that need no store are made at once: how many, while clients do not read.
#include "front_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;
using pmmc::redis::test::bench;

TEST_CASE("refusals: replies that need no store are made a few at a time") {
  bench b;
  b.open(1);
  std::string many;
  for (int i = 0; i < 5'000; ++i)
    many += "COMMAND\n";
  b.send(1, many);
  CHECK(b.replies[1].size() < (2 << 20)); // and not 5,000 times all commands
  b.open(2);
  CHECK(b.run(2, "INCR n\n") == ":1\r\n");
}

TEST_CASE("refusals: so are those in a transaction") {
  bench b;
  b.open(1);
  b.open(2);
  std::string many = "MULTI\n";
  for (int i = 0; i < 5'000; ++i)
    many += "COMMAND\n";
  b.send(1, many + "EXEC\n");
  for (int i = 0; i < 100; ++i) {
    b.drained(1);
    b.look();
  }
  CHECK(b.replies[1].size() > (1 << 20));
  CHECK(b.replies[1].size() < (3 << 20));
  CHECK(b.replies[1].ends_with("-ERR not executed: the replies before this one are too large\r\n"));
  CHECK(b.run(2, "INCR n\n") == ":1\r\n");
}

TEST_CASE("refusals: a list of all clients waits while too much is unread, and others do not") {
  front::settings s;
  s.max_reply_bytes = 20'000;
  s.max_unsent_bytes = 5'000;
  s.note_unread_bytes = 5'000;
  bench b{s};
  for (connection_id id = 1; id <= 100; ++id)
    b.open(id);
  for (connection_id id = 1; id <= 50; ++id)
    b.send(id, "CLIENT LIST\n");
  std::size_t listed = 0;
  for (const auto& [id, bytes] : b.replies)
    listed += bytes.empty() ? 0 : 1;
  CHECK(listed >= 1);
  CHECK(listed < 10);
  CHECK(b.redis.wants_room());
  CHECK(b.run(99, "INCR n\n") == ":1\r\n");
  for (int round = 0; round < 60; ++round)
    for (connection_id id = 1; id <= 50; ++id) {
      b.drained(id);
      b.look();
    }
  for (connection_id id = 1; id <= 50; ++id)
    CHECK(b.replies[id].size() > 5'000);
  CHECK(!b.redis.wants_room());
}

namespace {

constexpr connection_id last_of_many = 200;

std::size_t reply_bytes(const bench& b) {
  std::size_t sum = 0;
  for (const auto& [id, bytes] : b.replies)
    sum += bytes.size();
  return sum;
}

/// Many connections send `lines`, whose replies need no store, and read nothing. Returns the bytes
/// that were made, and then all read all.
std::size_t send_from_many(bench& b, const std::string& lines) {
  for (connection_id id = 1; id <= last_of_many; ++id)
    b.send(id, lines);
  const auto made = reply_bytes(b);
  CHECK(b.redis.wants_room());
  CHECK(b.run(last_of_many + 1, "INCR n\nPING\n") == ":1\r\n+PONG\r\n");
  for (int round = 0; round < 1'000 && b.redis.wants_room(); ++round)
    for (connection_id id = 1; id <= last_of_many; ++id) {
      b.drained(id);
      b.look();
    }
  for (connection_id id = 1; id <= last_of_many; ++id)
    b.drained(id);
  b.look();
  CHECK(!b.redis.wants_room());
  CHECK(b.redis.bytes_under_way() == 0);
  return made;
}

std::string repeated(const std::string& line, int times) {
  std::string lines;
  for (int i = 0; i < times; ++i)
    lines += line;
  return lines;
}

} // namespace

TEST_CASE("refusals: replies that need no store are bounded for all connections together") {
  front::settings s;
  s.max_reply_bytes = 2 << 20;
  const auto one = [&] {
    bench b{s};
    b.open(1);
    return b.run(1, "COMMAND\n").size();
  }();
  bench b{s};
  for (connection_id id = 1; id <= last_of_many + 1; ++id)
    b.open(id);
  const auto made = send_from_many(b, repeated("COMMAND\n", 100) + "PING\n");
  CHECK(made < (2 << 20) + last_of_many * (s.note_unread_bytes + one));
  for (connection_id id = 1; id <= last_of_many; ++id)
    CHECK(b.replies[id].size() == 100 * one + 7);
}

TEST_CASE("refusals: so are those in transactions, of all connections together") {
  front::settings s;
  s.max_reply_bytes = 2 << 20;
  for (const std::string exec : {"EXEC\n", "PMMC REQ 1 EXEC\n"}) {
    CAPTURE(exec);
    bench b{s};
    for (connection_id id = 1; id <= last_of_many + 1; ++id) {
      b.open(id);
      b.run(id, "PMMC SESSION s" + std::to_string(id) + "\n");
    }
    b.replies.clear();
    const auto made = send_from_many(b, "MULTI\n" + repeated("COMMAND DOCS\n", 160) + exec);
    CHECK(made < (4 << 20)); // the last one began when there was room for a byte
    for (connection_id id = 1; id <= last_of_many; ++id)
      CHECK(b.replies[id].size() > 160 * 4'000);
  }
}

TEST_CASE("refusals: the replies of a transaction that need no store count while it is executed") {
  bench b;
  b.open(1);
  b.send(1, "MULTI\n" + repeated("COMMAND DOCS\n", 100) + "SET a 1\nEXEC\n");
  REQUIRE(b.waiting.size() == 1);
  CHECK(b.redis.bytes_under_way() > 400'000);
  b.step();
  CHECK(b.redis.bytes_under_way() > 400'000); // now it is unread
  b.drained(1);
  CHECK(b.redis.bytes_under_way() == 0);
}
