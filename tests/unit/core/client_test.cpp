// The client: exactly once, in order, and the truth about what it does not know.
#include "played_client.hpp"

using namespace pmmc;

TEST_CASE("an operation waits for a replica and a session, and is done once") {
  played_client c;
  const auto ticket = c.core.submit("op", patience_ticks);
  CHECK(c.sent<request>().empty());
  c.core.on_replica_up("r1", "h:1");
  c.open_session();
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].second == request{request_kind::operation, session, 1, 0, "op"});
  c.answer(asked[0].second);
  c.answer(asked[0].second);
  const auto done = c.outcomes();
  REQUIRE(done.size() == 1);
  CHECK(done[0].ticket == ticket);
  CHECK(done[0].kind == outcome_kind::done);
  CHECK(c.core.is_idle());
}

TEST_CASE("a tag comes back with the outcome, however that ends") {
  played_client c;
  const auto operation = request_kind::operation;
  const std::string too_large(max_op_bytes + 1, 'x');
  c.core.submit("done", patience_ticks, operation, 11);
  c.core.submit(too_large, patience_ticks, operation, 12);
  c.core.submit_query(too_large, patience_ticks, 0, 13);
  c.core.submit_query("late", 5, 0, 14);
  c.core.submit("untagged", patience_ticks);
  c.core.on_replica_up("r1", "h:1");
  c.open_session();
  for (const auto& [replica, r] : c.sent<request>())
    c.answer(r);
  c.core.submit_query("done", patience_ticks, 0, 15);
  for (const auto& [replica, q] : c.sent<query>())
    if (q.op == "done")
      c.core.on(replica, query_reply{q.number, reply_status::ok, 1, "answer"});
  c.ticks(5);
  c.core.submit("unknown", 5, operation, 16);
  c.ticks(5);
  std::multiset<std::uint64_t> tags;
  for (const auto& o : c.outcomes())
    tags.insert(o.tag);
  CHECK(tags == std::multiset<std::uint64_t>{0, 11, 12, 13, 14, 15, 16});
}

TEST_CASE("what is too large is refused at once, spends no number, and holds up nothing") {
  played_client c;
  const std::string large(max_op_bytes + 1, 'x');
  const auto refused = c.core.submit(large, patience_ticks);
  const auto refused_query = c.core.submit_query(large, patience_ticks);
  const auto first = c.outcomes(); // no replica is needed for that
  REQUIRE(first.size() == 2);
  for (const auto& f : first) {
    CHECK(f.kind == outcome_kind::refused);
    CHECK(f.body == "the operation has 1052673 bytes, and one may have 1052672");
  }
  CHECK(first[0].ticket == refused);
  CHECK(first[1].ticket == refused_query);
  CHECK(c.core.is_idle());

  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", patience_ticks);
  c.open_session();
  c.core.submit(large, patience_ticks);
  c.core.submit(std::string(max_op_bytes, 'x'), patience_ticks);
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].second.sequence == 1);
  CHECK(asked[1].second.sequence == 2);
  CHECK(asked[1].second.op.size() == max_op_bytes);
}

TEST_CASE("a query whose answer is too large is told how large it is") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  const auto ticket = c.core.submit_query("q", patience_ticks, 1'000);
  const auto asked = c.sent<query>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].second.max_reply == 1'000);
  std::string size;
  put_varint(size, 300'000);
  c.core.on("r1", query_reply{asked[0].second.number, reply_status::too_large, 5, size});
  const auto done = c.outcomes();
  REQUIRE(done.size() == 1);
  CHECK(done[0].ticket == ticket);
  CHECK(done[0].kind == outcome_kind::refused);
  CHECK(done[0].reply_bytes == 300'000);
  CHECK(c.core.is_idle());
}

TEST_CASE("a refusal that the log tells of ends the one operation, and no other") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", patience_ticks);
  c.core.submit("b", patience_ticks);
  c.open_session();
  const auto asked = c.sent<request>();
  c.answer(asked[0].second, reply_status::refused, "too large for this one");
  c.answer(asked[1].second);
  const auto done = c.outcomes();
  REQUIRE(done.size() == 2);
  CHECK(done[0].kind == outcome_kind::refused);
  CHECK(done[0].body == "too large for this one");
  CHECK(done[1].kind == outcome_kind::done);
  c.core.submit("c", patience_ticks);
  const auto next = c.sent<request>().at(0).second;
  CHECK(next.sequence == 3);
  CHECK(next.acknowledged == 2);
}

TEST_CASE("answers are acknowledged up to the first open request") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  for (const auto* op : {"a", "b", "c"})
    c.core.submit(op, patience_ticks);
  c.open_session();
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 3);
  c.answer(asked[0].second);
  c.answer(asked[2].second);
  c.core.submit("d", patience_ticks);
  CHECK(c.sent<request>().back().second.acknowledged == 1);
}

TEST_CASE("never sent: not executed; sent: unknown") {
  played_client c;
  c.core.submit("a", 10);
  c.ticks(11);
  auto ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].kind == outcome_kind::not_executed);

  c.core.on_replica_up("r1", "h:1");
  c.core.submit("b", 10);
  c.open_session();
  c.sent<request>();
  c.ticks(11);
  ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].kind == outcome_kind::unknown);
  CHECK(ended[0].body.find("replica r1 at h:1") != std::string::npos);
}

TEST_CASE("busy is not executed, and tried again") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", 50);
  c.open_session();
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 1);
  c.answer(asked[0].second, reply_status::busy, "too much");
  c.ticks(20);
  const auto again = c.sent<request>();
  REQUIRE(again.size() == 1);
  c.answer(again[0].second, reply_status::busy, "too much");
  c.ticks(5);
  c.answer(again[0].second, reply_status::busy, "too much");
  c.ticks(50);
  // The retry after the last "busy" was not answered, so what became of it is not known.
  const auto ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].kind == outcome_kind::unknown);
}

TEST_CASE("the span of numbers in flight is bounded, and so are queries") {
  client::settings options;
  options.max_in_flight = 4;
  options.max_queries_in_flight = 3;
  played_client c{options};
  c.core.on_replica_up("r1", "h:1");
  for (int i = 0; i < 20; ++i)
    c.core.submit("op", patience_ticks);
  c.open_session();
  auto asked = c.sent<request>();
  CHECK(asked.size() == 4);
  const auto oldest = asked.front().second;
  asked.erase(asked.begin());
  std::uint64_t highest = 0;
  while (!asked.empty()) { // everything but the oldest is answered
    for (const auto& [to, r] : asked) {
      highest = std::max(highest, r.sequence);
      c.answer(r);
    }
    asked = c.sent<request>();
  }
  CHECK(highest - oldest.sequence == 7);
  for (int i = 0; i < 10; ++i)
    c.core.submit_query("q", patience_ticks);
  CHECK(c.sent<query>().size() == 3);
}

TEST_CASE("an ended session leaves what was in flight unknown, and the rest goes into a new one") {
  client::settings options;
  options.max_in_flight = 1;
  played_client c{options};
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", patience_ticks);
  c.core.submit("b", patience_ticks);
  c.open_session();
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 1);
  c.answer(asked[0].second, reply_status::session_ended, "gone");
  c.open_session();
  const auto second = c.sent<request>();
  REQUIRE(second.size() == 1);
  CHECK(second[0].second.op == "b");
  const auto ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].kind == outcome_kind::unknown);
}

TEST_CASE("a new session begins without anything of the one before it") {
  client::settings options;
  options.max_in_flight_bytes = 10;
  played_client c{options};
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("done", patience_ticks);
  c.open_session();
  c.answer(c.sent<request>().at(0).second);
  c.core.submit(std::string(20, 'x'), patience_ticks);
  c.answer(c.sent<request>().at(0).second, reply_status::session_ended, "gone");
  c.core.submit("a", patience_ticks);
  c.core.submit("b", patience_ticks);
  c.open_session();
  const auto asked = c.sent<request>();
  REQUIRE(asked.size() == 2); // what was given up takes no room
  for (const auto& [replica, r] : asked)
    CHECK(r.acknowledged == 0); // a retry of it would be refused
}

TEST_CASE("queries that are given up make room for those behind them") {
  client::settings options;
  options.max_queries_in_flight = 1;
  played_client c{options};
  c.core.on_replica_up("r1", "h:1");
  c.core.submit_query("first", 5);
  c.core.submit_query("second", patience_ticks);
  REQUIRE(c.sent<query>().size() == 1);
  c.ticks(5);
  const auto asked = c.sent<query>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].second.op == "second");
}

TEST_CASE("what one replica said is not told of another one") {
  played_client c;
  c.core.on_replica_up("r1", "h:1");
  c.core.submit("a", 50);
  c.open_session();
  c.answer(c.sent<request>().at(0).second, reply_status::unavailable, "no quorum");
  c.core.on_replica_up("r2", "h:2");
  c.core.on_replica_down("r1", "is gone");
  c.ticks(50);
  const auto ended = c.outcomes();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].body == "replica r2 at h:2 did not answer; replica r1 is gone");
}

TEST_CASE(
    "what the log put off may be executed yet, as another copy; what a replica refused, not") {
  for (const bool by_the_log : {false, true}) {
    played_client c;
    c.core.on_replica_up("r1", "h:1");
    c.core.submit("a", 5);
    c.open_session();
    const auto asked = c.sent<request>();
    REQUIRE(asked.size() == 1);
    c.answer(asked[0].second, by_the_log ? reply_status::put_off : reply_status::busy, "too much");
    c.ticks(6);
    const auto ended = c.outcomes();
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].kind == (by_the_log ? outcome_kind::unknown : outcome_kind::not_executed));
    CHECK(ended[0].busy);
  }
}
