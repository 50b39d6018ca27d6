// The client: which replica it asks, how long it waits for it, and what it tells of it.
#include "played_client.hpp"

#include <set>

using namespace pmmc;

TEST_CASE("what is in flight goes to another replica with the same numbers") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", patience_ticks);
  c.open_session();
  c.core.submit("b", patience_ticks);
  const auto first = c.sent<request>();
  REQUIRE(first.size() == 2);
  c.core.on_replica_up("r2", "h:2");
  c.core.on_replica_down("r1", "is gone");
  const auto again = c.sent<request>();
  REQUIRE(again.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(again[i].first == role_id{"r2"});
    CHECK(again[i].second == first[i].second);
  }
}

TEST_CASE("what is not answered is sent again after longer and longer times") {
  // Large requests sent again every second are what keeps an overloaded replica from answering.
  for (const bool to_several : {false, true}) {
    played_client c;
    c.core.on_replica_up("r1", "host:1");
    if (to_several)
      c.core.on_replica_up("r2", "host:2");
    c.core.submit("op", 10'000);
    c.open_session();
    c.sent<request>();
    std::size_t first = 0;
    std::size_t last = 0;
    for (unsigned tick = 0; tick < 8'000; ++tick) {
      c.ticks(1);
      (tick < 1'000 ? first : last) += c.sent<request>().size();
    }
    CHECK(first >= 2);
    CHECK(first <= 4);
    CHECK(last >= 3); // it does not stop
    CHECK(last <= 7);
  }
}

TEST_CASE("a replica's word that nothing is decided ends nothing, and is passed on") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", 20);
  const auto opening = c.sent<request>();
  REQUIRE(opening.size() == 1);
  c.answer(opening[0].second, reply_status::unavailable, "no quorum: 1 of 3");
  CHECK(c.outcomes().empty());
  c.ticks(21);
  const auto ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].kind == outcome_kind::not_executed);
  CHECK(ended[0].body.find("no quorum: 1 of 3") != std::string::npos);
}

TEST_CASE("a replica that cannot serve reads is left, though it says so again and again") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.on_replica_up("r2", "h:2");
  c.core.submit_query("a", 1'000);
  std::set<role_id> asked;
  for (int tick = 0; tick < 200; ++tick, c.ticks(1))
    for (const auto& [to, q] : c.sent<query>()) {
      asked.insert(to);
      c.core.on(to, query_reply{q.number, reply_status::unavailable, 0, "no quorum"});
    }
  CHECK(asked.size() == 2);
}

TEST_CASE("a read that ends before its replica answers is told what that said of the one before") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit_query("a", 20);
  const auto first = c.sent<query>();
  REQUIRE(first.size() == 1);
  c.core.on("r1", query_reply{first[0].second.number, reply_status::unavailable, 0, "no quorum"});
  c.ticks(21);
  c.core.submit_query("b", 20);
  c.ticks(21);
  auto ended = c.outcomes();
  REQUIRE(ended.size() == 2);
  CHECK(ended[1].body == "replica r1 at h:1 says: no quorum");
  c.core.submit_query("c", 20);
  const auto again = c.sent<query>();
  REQUIRE_FALSE(again.empty());
  c.core.on("r1", query_reply{again.back().second.number, reply_status::ok, 1, "x"});
  c.core.submit_query("d", 20);
  c.ticks(21);
  ended = c.outcomes();
  REQUIRE_FALSE(ended.empty());
  CHECK(ended.back().body == "replica r1 at h:1 did not answer");
}

TEST_CASE("what was tried names the replica's address, if it is of another process") {
  for (const auto& [address, words] : {std::pair{"h:1", "replica r1 at h:1 says: no quorum"},
                                       std::pair{"", "replica r1 says: no quorum"}}) {
    played_client c;
    c.core.on_replica_up("r1", address);
    c.core.submit("a", 20);
    const auto opening = c.sent<request>();
    REQUIRE(opening.size() == 1);
    c.answer(opening[0].second, reply_status::unavailable, "no quorum");
    c.ticks(21);
    const auto ended = c.outcomes();
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].body == words);
  }
}

TEST_CASE("who serves is called what it is") {
  client::settings options;
  options.served_by = role_kind::server;
  played_client c{options};
  c.core.submit("a", 20);
  c.ticks(21);
  CHECK(c.outcomes().at(0).body == "no server could be reached");
  c.core.on_replica_up("s1", "h:1");
  c.core.submit("b", 20);
  c.ticks(21);
  CHECK(c.outcomes().at(0).body == "server s1 at h:1 did not answer");
}

TEST_CASE("each replica is asked before one is asked again") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    client::settings options;
    options.seed = seed;
    played_client c{options};
    for (const auto* replica : {"r1", "r2", "r3", "r4", "r5"})
      c.core.on_replica_up(replica, "h:1");
    c.core.submit_query("q", 1'000'000);
    std::vector<role_id> asked;
    while (asked.size() < 9) {
      for (const auto& [to, q] : c.sent<query>())
        if (asked.empty() || asked.back() != to)
          asked.push_back(to);
      c.ticks(1);
    }
    CHECK(std::set<role_id>(asked.begin(), asked.begin() + 5).size() == 5);
    CHECK(std::set<role_id>(asked.begin() + 4, asked.end()).size() == 5);
  }
}

TEST_CASE("a replica that falls silent is left as soon as the first one was, however long others "
          "were silent before") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.on_replica_up("r2", "h:2");
  const auto until_left = [&] {
    const auto before = c.sent<query>();
    REQUIRE(!before.empty());
    for (unsigned ticks = 1;; ++ticks) {
      c.ticks(1);
      for (const auto& [to, q] : c.sent<query>())
        if (to != before.back().first) {
          c.core.on(to, query_reply{q.number, reply_status::ok, 1, "answer"});
          return ticks;
        }
    }
  };
  c.core.submit_query("q", 1'000'000);
  const auto first = until_left();
  c.core.submit_query("q", 1'000'000);
  c.ticks(20 * first); // several were left meanwhile, for longer and longer
  for (const auto& [to, q] : c.sent<query>())
    c.core.on(to, query_reply{q.number, reply_status::ok, 1, "answer"});
  c.core.submit_query("q", 1'000'000);
  CHECK(until_left() == first);
}

TEST_CASE("client: goes to the replica that its requests are handed on to, if it can reach it") {
  played_client c;
  c.core.on_replica_up("r1", "host:1");
  c.core.on(better_replica{"r1", "r3"});
  CHECK(c.core.replica() == "r1"); // r3 cannot be reached
  c.core.on_replica_up("r3", "host:3");
  c.core.on(better_replica{"r2", "r3"});
  CHECK(c.core.replica() == "r1"); // r2 is not the one that is asked
  c.core.on(better_replica{"r1", "r3"});
  CHECK(c.core.replica() == "r3");
  c.core.submit("x", patience_ticks);
  CHECK(c.sent<request>().at(0).first == "r3");
}
