#include "redis/byte_turns.hpp"

#include <doctest/doctest.h>
#include <map>
#include <random>

using namespace pmmc::redis;

TEST_CASE("turns: no more than there is, but for what goes alone") {
  byte_turns turns{100};
  turns.wait(1, 1, 60);
  turns.wait(2, 2, 60);
  turns.wait(3, 3, 500);
  CHECK(turns.next() == 1);
  CHECK(!turns.next());
  turns.give_back(60);
  CHECK(turns.next() == 2);
  CHECK(!turns.next());
  turns.give_back(60);
  CHECK(turns.next() == 3);
  CHECK(turns.in_use() == 500);
  turns.give_back(500);
  CHECK(!turns.next());
  CHECK(turns.in_use() == 0);
}

TEST_CASE("turns: who wants little passes those who want much") {
  byte_turns turns{100};
  std::uint64_t ticket = 0;
  for (connection_id who = 1; who <= 50; ++who)
    for (int i = 0; i < 2; ++i)
      turns.wait(who, ++ticket, 100);
  CHECK(turns.next() == 1);
  turns.wait(99, 1'000, 5);
  CHECK(!turns.next());
  turns.give_back(100);
  CHECK(turns.next() == 1'000);
}

TEST_CASE("turns: the order of one connection is kept, and nobody is passed for ever") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand chance{seed};
  byte_turns turns{1'000};
  std::map<std::uint64_t, std::pair<connection_id, std::size_t>> waits;
  std::map<connection_id, std::uint64_t> last;
  std::map<connection_id, std::size_t> had;
  std::uint64_t ticket = 0;
  const auto ask = [&](connection_id who) {
    const std::size_t bytes = who * who + chance() % 10; // each wants another amount
    waits[++ticket] = {who, bytes};
    turns.wait(who, ticket, bytes);
  };
  for (connection_id who = 1; who <= 20; ++who)
    for (int i = 0; i < 3; ++i)
      ask(who);
  for (int i = 0; i < 20'000; ++i) {
    const auto next = turns.next();
    REQUIRE(next);
    const auto [who, bytes] = waits.extract(*next).mapped();
    CHECK(*next > last[who]);
    last[who] = *next;
    had[who] += bytes;
    turns.give_back(bytes);
    ask(who);
  }
  for (const auto& [who, bytes] : had) // all have had about the same number of bytes
    CHECK(std::max(bytes, had[20]) - std::min(bytes, had[20]) < 5'000);
}

TEST_CASE("turns: what is forgotten takes nothing") {
  byte_turns turns{100};
  turns.wait(1, 1, 100);
  CHECK(turns.next() == 1);
  const auto second = turns.wait(1, 2, 100);
  turns.wait(2, 3, 100);
  turns.forget(second);
  turns.forget(connection_id{1});
  CHECK(turns.waiting() == std::vector<std::uint64_t>{3});
  turns.give_back(100);
  CHECK(turns.next() == 3);
  turns.give_back(100);
  CHECK(!turns.next());
  CHECK(turns.in_use() == 0);
}

TEST_CASE("turns: who comes later begins where those who wait have come") {
  byte_turns turns{100};
  for (std::uint64_t ticket = 1; ticket <= 4; ++ticket)
    turns.wait(1, ticket, 100);
  for (std::uint64_t ticket = 1; ticket <= 2; ++ticket) {
    CHECK(turns.next() == ticket);
    turns.give_back(100);
  }
  turns.wait(2, 9, 210); // it ends at 310, as the other one's first 100 were had without it
  CHECK(turns.next() == 3);
  turns.give_back(100);
  CHECK(turns.next() == 9);
}

TEST_CASE("turns: what one has had counts only while somebody waits") {
  byte_turns turns{100};
  for (std::uint64_t ticket = 1; ticket <= 10; ++ticket) {
    turns.wait(1, ticket, 100);
    CHECK(turns.next() == ticket);
    turns.give_back(100);
    CHECK(!turns.next());
  }
  turns.wait(1, 11, 50);
  turns.wait(2, 12, 60);
  CHECK(turns.next() == 11);
}
