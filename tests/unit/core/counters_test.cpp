#include "leader_bench.hpp"
#include "membership/reconfiguration.hpp"
#include "replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

constexpr std::array<double, 3> bounds{1, 2, 4};

template <class Message>
std::vector<Message> all(const std::vector<envelope>& envelopes) {
  std::vector<Message> found;
  for (const auto& e : envelopes)
    if (const auto* m = std::get_if<Message>(&e.body))
      found.push_back(*m);
  return found;
}

} // namespace

TEST_CASE("a histogram's bucket holds what is at or below its bound") {
  histogram h{bounds};
  for (const double value : {0.0, 1.0, 1.5, 2.0, 4.0, 4.1, 100.0})
    h.observe(value);
  CHECK(h.buckets() == std::vector<std::uint64_t>{2, 2, 1, 2});
  CHECK(h.count() == 7);
  CHECK(h.sum() == doctest::Approx(112.6));
}

TEST_CASE("replica: the driver's note about a request comes back with its answer") {
  replica_bench b;
  b.open_session();
  auto r = operation(session_of_slot_1, 1, "x");
  r.arrived = {77, 3};
  b.ask(r);
  const auto proposals = all<propose>(b.flush().send);
  REQUIRE(!proposals.empty());
  b.decide(2, proposals.front().value);
  auto answers = all<response>(b.flush().send);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].arrived == arrival{77, 3});
  SUBCASE("a retry has a note of its own") {
    r.arrived = {99, 3};
    b.ask(r);
    answers = all<response>(b.flush().send);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].arrived == arrival{99, 3});
  }
}

TEST_CASE("replica: refusals have the note too") {
  replica::settings settings;
  settings.max_op_bytes = 10;
  settings.max_pending_requests = 2;
  settings.max_queries = 0;
  replica_bench b{settings};
  b.open_session();
  const auto noted = [](std::uint64_t sequence, const char* op) {
    auto r = operation(session_of_slot_1, sequence, op);
    r.arrived = {sequence, 1};
    return r;
  };
  b.ask(noted(1, "small"));
  b.ask(noted(2, "larger than ten bytes"));
  b.ask(noted(3, "too many"));
  b.role.on("c1", query{4, "q", {4, 1}});
  const auto out = b.role.take();
  const auto busy = all<response>(out.send);
  REQUIRE(busy.size() == 1);
  CHECK(busy[0].status == reply_status::busy);
  CHECK(busy[0].arrived == arrival{3, 1});
  b.decide(2, all<propose>(b.flush().send).at(0).value);
  const auto answers = all<response>(b.role.take().send);
  REQUIRE(answers.size() == 2);
  CHECK(answers[1].status == reply_status::refused);
  CHECK(answers[1].arrived == arrival{2, 1});
  const auto replies = all<query_reply>(out.send);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].arrived == arrival{4, 1});
}

TEST_CASE("replica: an explanation why it takes long is no answer, and has no note") {
  replica_bench b;
  auto r = operation(session_of_slot_1, 1, "x");
  r.arrived = {5, 1};
  b.ask(r);
  const auto told = all<response>(b.tick(200).send);
  REQUIRE(!told.empty());
  CHECK(told[0].status == reply_status::unavailable);
  CHECK(told[0].arrived == arrival{});
}

TEST_CASE("replica: counts batches and decisions") {
  replica_bench b;
  b.open_session();
  CHECK(b.role.counters().slots_performed == 1);
  for (std::uint64_t i = 1; i <= 3; ++i)
    b.ask(operation(session_of_slot_1, i, "x"));
  CHECK(b.role.gauges().queued_requests == 3);
  b.flush();
  CHECK(b.role.counters().batch_requests.count() == 1);
  CHECK(b.role.counters().batch_requests.sum() == 3);
  CHECK(b.role.gauges().queued_requests == 0);
  CHECK(b.role.gauges().pending_requests == 3);
  CHECK(b.role.gauges().proposals == 1);
}

TEST_CASE("replica: is in trouble without a quorum or a leader, and says which") {
  replica_bench b;
  b.role.on_tick();
  CHECK(b.role.gauges().trouble.find("no quorum: 0 of 3") != std::string::npos);
  b.role.on(pong{"a1", 1, {}});
  b.role.on(pong{"a2", 1, {}});
  CHECK(b.role.gauges().voters_heard == 2);
  CHECK(b.role.gauges().trouble.find("no leader is active") != std::string::npos);
  b.hear_leader("l1");
  CHECK(b.role.gauges().trouble.empty());
}

TEST_CASE("replica: a configuration is pending until its first slot, which may end membership") {
  replica_bench b;
  reconfiguration change{1, {}, {}};
  change.remove.push_back({role_kind::replica, "r1"});
  change.add.push_back({role_kind::replica, {"r4", "host4:1", "disk"}});
  b.decide(1, {opening(1)});
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(change)}});
  CHECK(b.role.gauges().pending_configurations == 1);
  CHECK(b.role.gauges().is_member);
  for (slot_num slot = 3; b.role.slot_out() < 10; ++slot)
    b.decide(slot, command{});
  CHECK(b.role.gauges().pending_configurations == 0);
  CHECK_FALSE(b.role.gauges().is_member);
  CHECK(b.role.gauges().trouble.empty()); // it is not to hear acceptors any more
}

TEST_CASE("replica: lag is what others have performed and it has not") {
  replica_bench b;
  CHECK(b.role.gauges().lag == 0);
  b.hear_replica("r2", 40);
  CHECK(b.role.gauges().lag == 39);
}

TEST_CASE("leader: counts decisions, and preemptions that cost it its ballot") {
  leader_bench b;
  b.elect();
  const auto out = b.propose(1, "x");
  REQUIRE(commanders_in(out).size() == 1);
  b.decide(commanders_in(out)[0]);
  CHECK(b.role.counters().decisions == 1);
  b.role.on(scout_outcome{preempted{{9, "l2"}}});
  CHECK(b.role.counters().preemptions == 1);
  b.role.on(scout_outcome{preempted{{9, "l2"}}}); // passive by now
  CHECK(b.role.counters().preemptions == 1);
}
