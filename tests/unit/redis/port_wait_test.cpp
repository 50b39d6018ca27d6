// A Redis port without sockets: WAIT, from its question to its end.
#include "core_helpers.hpp"
#include "redis/port.hpp"
#include "redis/stream.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc::redis::test {

namespace {

using pmmc::test::make_config;

/// A port that has begun, with the connections 1 to 3, and a replica that answers when it is told.
struct wait_bench {
  wait_bench() {
    pass(0);
    core.learn(membership{make_config()});
    core.agreed(1'000'000, steady_ms);
    connection_events events;
    for (connection_id id = 1; id <= 3; ++id)
      events.push_back({connection_event::kind::opened, id, "127.0.0.1:1"});
    core.on(std::move(events));
    look();
  }

  void send(connection_id id, std::initializer_list<const char*> words, std::size_t times = 1) {
    connection_events events;
    auto& e = events.emplace_back(connection_event{connection_event::kind::requests, id});
    for (; times > 0; --times) {
      auto& r = e.requests.emplace_back();
      for (const auto* word : words)
        r.add(word);
    }
    core.on(std::move(events));
    look();
  }

  void close(connection_id id) {
    connection_events events;
    events.push_back({connection_event::kind::closed, id});
    core.on(std::move(events));
    look();
  }

  /// Takes what the port put out.
  void look() {
    auto out = core.take();
    for (const auto& r : out.replies)
      replies[r.to] += r.bytes;
    for (auto& e : out.send)
      if (const auto* q = std::get_if<pmmc::query>(&e.body))
        queries.push_back(q->number);
    for (const auto& c : out.counts)
      counts.push_back(c);
  }

  void pass(std::int64_t ms) {
    steady_ms += ms;
    core.at({1'000'000 + steady_ms - 5'000, steady_ms});
  }

  void tick(unsigned ticks) {
    for (; ticks > 0; --ticks) {
      pass(10);
      core.on_tick();
      look();
    }
  }

  /// The replica answers the oldest query: everything below `slot` is in the answer.
  void answer(slot_num slot) {
    REQUIRE(!queries.empty());
    pmmc::query_reply reply;
    reply.number = queries.front();
    reply.slot = slot;
    reply.body = std::string("\0", 1);
    queries.erase(queries.begin());
    core.on(role_id{"r1"}, std::move(reply));
    look();
  }

  /// So many acceptors hold the slot that is asked for.
  void count(std::size_t acceptors) {
    REQUIRE(!counts.empty());
    const auto asked = counts.front();
    counts.erase(counts.begin());
    std::map<role_id, slot_num> accepted;
    for (std::size_t i = 1; i <= acceptors; ++i)
      accepted[role_id{"a" + std::to_string(i)}] = asked.slot;
    core.counted(asked, accepted);
    look();
  }

  std::int64_t steady_ms = 5'000;
  port core{port::usual("r1", role_kind::replica, "test", 1, 7, 500)};
  std::map<connection_id, std::string> replies;
  std::vector<std::uint64_t> queries; ///< of the client, not answered
  std::vector<port_outputs::count> counts;
};

} // namespace

TEST_CASE("WAIT: ends when enough acceptors hold what was decided before, or at its time") {
  wait_bench b;
  b.send(1, {"WAIT", "2", "0"});
  b.send(2, {"WAIT", "9", "100"});
  b.answer(5);
  b.count(2);
  CHECK(b.replies[1] == ":2\r\n");
  b.answer(5); // another read: the first one began before the second WAIT came
  b.count(2);
  CHECK(b.replies[2].empty());
  b.tick(9);
  CHECK(b.replies[2].empty());
  b.tick(6);
  CHECK(b.replies[2] == ":2\r\n");
}

TEST_CASE("WAIT: without a quorum it ends soon after its time as well") {
  wait_bench b;
  b.send(1, {"WAIT", "1", "100"});
  b.tick(55); // nobody answers
  CHECK(b.replies[1].empty());
  b.tick(10);
  CHECK(b.replies[1] == ":0\r\n");
}

TEST_CASE("WAIT: one that comes during a round and has little time is counted all the same") {
  wait_bench b;
  b.send(1, {"WAIT", "9", "0"});
  b.answer(5);
  b.send(2, {"WAIT", "2", "1"});
  b.tick(10);
  b.count(2); // of the round before it
  CHECK(b.replies[2].empty());
  b.answer(6);
  b.count(2);
  CHECK(b.replies[2] == ":2\r\n");
}

TEST_CASE("WAIT: the longest time that is taken does not come to an end at once") {
  wait_bench b;
  b.send(1, {"WAIT", "3", "4611686018427387903"});
  b.answer(5);
  b.count(2);
  b.tick(100);
  CHECK(b.replies[1].empty());
}

TEST_CASE("WAIT: one whose connection is full ends with the count there is") {
  wait_bench b;
  SUBCASE("it is full when it begins") {
    b.send(1, {"WAIT", "99", "0"});
    b.send(1, {"PING"}, 13'500);
    b.answer(5);
    b.count(2);
  }
  SUBCASE("it comes to be full") {
    b.send(1, {"WAIT", "99", "0"});
    b.answer(5);
    b.count(2);
    b.send(1, {"PING"}, 1'000);
    b.tick(10);
    CHECK(b.replies[1].empty());
    b.send(1, {"PING"}, 12'500);
    b.tick(5);
  }
  CHECK(b.replies[1].starts_with(":2\r\n+PONG\r\n"));
  // or else nobody would see the end of a connection that is not read
  CHECK(front_settings{}.note_unanswered_bytes <= stream_limits{}.max_unanswered_bytes / 2);
}

TEST_CASE("WAIT: all of a port share one read, and nobody one that began before it came") {
  wait_bench b;
  b.send(1, {"WAIT", "2", "0"});
  REQUIRE(b.queries.size() == 1);
  b.send(2, {"WAIT", "2", "0"});
  b.send(3, {"WAIT", "2", "0"});
  CHECK(b.queries.size() == 1);
  b.answer(5);
  b.tick(20);
  CHECK(b.queries.empty()); // nor is there another while acceptors are counted
  b.count(2);
  CHECK(b.replies[1] == ":2\r\n");
  CHECK(b.replies[2].empty());
  CHECK(b.replies[3].empty());
  REQUIRE(b.queries.size() == 1); // one for both, at once
  b.answer(6);
  b.count(3);
  CHECK(b.replies[2] == ":3\r\n");
  CHECK(b.replies[3] == ":3\r\n");
}

TEST_CASE("WAIT: of who has gone nothing is asked any more") {
  wait_bench b;
  b.send(1, {"WAIT", "99", "0"});
  b.answer(5);
  b.count(3);
  b.close(1);
  b.tick(20);
  CHECK(b.queries.empty());
  CHECK(b.counts.empty());
}

TEST_CASE("WAIT: at a replica that is removed it ends at once") {
  wait_bench b;
  b.send(1, {"WAIT", "99", "0"});
  b.answer(5);
  b.count(3);
  CHECK(b.replies[1].empty());
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.replicas.erase(next.replicas.begin());
  membership known{make_config()};
  known.configurations.add(next);
  b.core.learn(known);
  b.look();
  CHECK(b.replies[1].starts_with("-CLUSTERDOWN not executed: replica r1 was removed"));
}

} // namespace pmmc::redis::test
