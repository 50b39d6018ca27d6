#include "membership/reconfiguration.hpp"
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace pmmc;
using namespace pmmc::test;

namespace {

constexpr auto s1 = session_of_slot_1;

/// What a replica holds after slot 1 has opened a session and `count` slots have appended "x".
std::unique_ptr<replicated_state> state_after(std::uint64_t count, std::uint64_t acknowledged = 0) {
  auto state = fresh_state();
  state->perform(batch_of({opening(1)}));
  for (std::uint64_t n = 1; n <= count; ++n)
    state->perform(batch_of({operation(s1, n, "x", acknowledged == 0 ? 0 : n - 1)}));
  return state;
}

/// Starts a fetch of the snapshot of slot 9 from r2.
/// Returns the request for its first piece.
snapshot_request start_fetch(replica_bench& b) {
  b.hear_replica("r2", 9);
  b.role.on(catchup_reply{"r2", 1, 9, {}});
  const auto sent = only<snapshot_request>(b.role.take().send, "r2").at(0);
  CHECK(sent.slot == 9);
  return sent;
}

} // namespace

TEST_CASE("catch-up: asks a replica that is ahead, and goes on until it has caught up") {
  replica_bench b;
  b.hear_replica("r2", 5);
  b.hear_replica("r3", 1);
  CHECK(only<catchup>(b.tick(4).send).empty()); // it may all be on its way
  const auto sent = b.tick(2).send;
  CHECK(only<catchup>(sent, "r3").empty());
  CHECK(only<catchup>(sent, "r2").at(0).from_slot == 1);
  b.role.on(catchup_reply{"r2", 1, 0, {command{}, command{}}});
  CHECK(b.role.slot_out() == 3);
  CHECK(only<catchup>(b.role.take().send, "r2").at(0).from_slot == 3);
  b.role.on(catchup_reply{"r2", 4, 0, {command{}}}); // G2: a gap is not skipped
  CHECK(b.role.slot_out() == 3);
  b.role.on(catchup_reply{"r2", 3, 0, {command{}}});
  CHECK(b.role.slot_out() == 5);
}

TEST_CASE("catch-up: answers with performed decisions only, in pages") {
  replica::settings settings;
  settings.page_bytes = 100;
  replica_bench b{settings};
  for (slot_num slot = 1; slot <= 5; ++slot)
    b.decide(slot, command{std::string(40, 'x')});
  b.decide(7, command{"not performed"});
  b.role.take();
  b.role.on(catchup{"r2", 2});
  CHECK(only<catchup_reply>(b.role.take().send, "r2").at(0).decisions.size() == 2);
  b.role.on(catchup{"r2", 5});
  CHECK(only<catchup_reply>(b.role.take().send, "r2").at(0).decisions.size() == 1);
  b.role.on(catchup{"r2", 6});
  CHECK(only<catchup_reply>(b.role.take().send).empty());
}

TEST_CASE("catch-up: a snapshot is offered, and taken, for slots that it holds, and no others") {
  replica::settings settings;
  settings.kept_decisions_bytes = 0;
  replica_bench b{settings};
  b.hear_replica("r2", 9);
  b.hear_replica("r3", 9);
  for (slot_num slot = 1; slot <= 5; ++slot)
    b.decide(slot, command{});
  b.role.snapshot_saved(6);
  b.role.take();
  b.role.on(catchup{"r2", 5});
  CHECK(only<catchup_reply>(b.role.take().send, "r2").at(0).snapshot_slot == 6);
  b.role.on(catchup{"r2", 6}); // the snapshot holds the slots below 6
  CHECK(only<catchup_reply>(b.role.take().send).empty());
  b.role.on(catchup_reply{"r2", 6, 6, {}});
  CHECK(only<snapshot_request>(b.role.take().send).empty());
  b.role.on(catchup_reply{"r2", 6, 7, {}});
  CHECK(only<snapshot_request>(b.role.take().send).at(0).slot == 7);
}

TEST_CASE("snapshots: one that cannot be restored is as good as none, and is tried again later") {
  replica::settings settings;
  settings.snapshot_log_bytes = 100;
  replica_bench b{settings};
  const command large{std::string(120, 'x')};
  b.decide(1, large);
  REQUIRE(b.role.take().save_snapshot);
  b.role.snapshot_failed();
  CHECK_FALSE(b.role.take().save_snapshot); // not at once
  CHECK(b.role.snapshot_slot() == 1);
  CHECK(b.role.counters().snapshots_unreadable == 1);
  b.decide(2, large);
  const auto next = b.role.take().save_snapshot;
  REQUIRE(next);
  CHECK(next->slot_out() == 3);
  b.role.snapshot_saved(3);
  CHECK(b.role.snapshot_slot() == 3);
}

TEST_CASE("catch-up: gaps that nobody can fill are proposed as no-ops") {
  replica_bench b;
  b.decide(3, command{"c"});
  const auto sent = only<propose>(b.tick(40).send, "l1");
  REQUIRE(sent.size() >= 2);
  CHECK(sent[0].slot == 1);
  CHECK(sent[0].value.is_noop());
  CHECK(sent[1].slot == 2);
}

TEST_CASE("catch-up: only what is missing is asked for again, not what waits behind it") {
  replica_bench b;
  b.decide(3, command{"c"});
  REQUIRE(only<propose>(b.tick(40).send, "l1").size() >= 2);
  b.decide(2, command{"b"});
  const auto again = only<propose>(b.tick(200).send, "l1");
  CHECK(!again.empty());
  for (const auto& p : again)
    CHECK(p.slot == 1);
}

TEST_CASE("replica: follows a leader that is active, for as long as that says so") {
  replica_bench b;
  const auto followed = [&] { return b.role.current_vitals().active_ballot; };
  b.hear_leader("l2", false, 9); // it scouts
  CHECK(followed().is_bottom());
  b.hear_leader("l1", true, 1);
  CHECK(followed() == ballot_num{1, "l1"});
  b.hear_leader("l2", false, 9);
  CHECK(followed() == ballot_num{1, "l1"});
  b.hear_leader("l1", false, 9); // the ballot that preempted it
  CHECK(followed().is_bottom());
}

namespace {

/// By 1,000 slots, so that a whole window is asked for.
void be_behind_the_leader(replica_bench& b) {
  b.role.on(
      pong{"l1", 1, leader_vitals{.ballot = {1, "l1"}, .active = true, .decided_end = 1'000}});
  REQUIRE(only<propose>(b.tick(40).send, "l1").size() == 8);
}

} // namespace

TEST_CASE("catch-up: where nobody is ahead, the window moves on with what the leaders find") {
  replica_bench b;
  be_behind_the_leader(b);
  for (slot_num slot = 1; slot <= 4; ++slot)
    b.decide(slot, command{"x"});
  const auto more = only<propose>(b.flush().send, "l1");
  REQUIRE(more.size() == 4);
  CHECK(more[0].slot == 9);
  CHECK(more[3].slot == 12);
}

TEST_CASE("catch-up: gaps are filled by a few slots at a time, however large WINDOW is") {
  replica::settings options;
  options.filling_slots = 8;
  replica_bench b{options, 1'000};
  be_behind_the_leader(b);
  CHECK(only<propose>(b.flush().send).empty());
  b.decide(1, command{"x"});
  const auto more = only<propose>(b.flush().send, "l1");
  REQUIRE(more.size() == 1);
  CHECK(more[0].slot == 9);
}

TEST_CASE("catch-up: the leaders are asked for no more than WINDOW once a replica is ahead") {
  replica_bench b;
  be_behind_the_leader(b);
  b.hear_replica("r2", 1'000);
  for (slot_num slot = 1; slot <= 4; ++slot)
    b.decide(slot, command{"x"});
  CHECK(only<propose>(b.flush().send).empty());
}

TEST_CASE("catch-up: if the one that is ahead never answers, the leaders are asked") {
  replica_bench b;
  std::vector<envelope> sent;
  for (int i = 0; i < 200; ++i) {
    b.hear_replica("r2", 3);
    for (auto& e : b.tick().send)
      sent.push_back(std::move(e));
  }
  CHECK(only<catchup>(sent, "r2").size() > 3);
  CHECK(only<propose>(sent, "l1").size() >= 2);
}

TEST_CASE("catch-up: a leader that has only a watermark makes it look for a snapshot") {
  replica_bench b;
  b.hear_replica("r2", 1);
  b.role.on(collected{6});
  b.tick(7);
  b.hear_replica("r2", 9);
  CHECK(only<catchup>(b.tick(30).send, "r2").size() >= 1);
}

TEST_CASE("snapshots: are due after so many bytes, one at a time") {
  replica::settings settings;
  settings.snapshot_log_bytes = 150;
  replica_bench b{settings};
  b.decide(1, command{});
  b.decide(2, command{});
  CHECK_FALSE(b.role.take().save_snapshot);
  b.decide(3, command{});
  auto out = b.role.take();
  REQUIRE(out.save_snapshot);
  CHECK(out.save_snapshot->slot_out() == 4);
  for (slot_num slot = 4; slot <= 9; ++slot)
    b.decide(slot, command{});
  CHECK_FALSE(b.role.take().save_snapshot); // the first is not on disk yet
  CHECK(b.role.snapshot_slot() == 1);
  b.role.snapshot_saved(4);
  CHECK(b.role.snapshot_slot() == 4);
  CHECK(b.role.decisions().begin()->first == 4);
}

TEST_CASE("snapshots: G1, the watermark is what f + 1 replicas hold durably") {
  replica_bench b{{}, 8, 5}; // f = 2: three replicas
  for (slot_num slot = 1; slot < 90; ++slot)
    b.decide(slot, command{});
  b.hear_replica("r2", 90, {}, 80);
  b.hear_replica("r3", 90, {}, 40);
  CHECK(b.role.watermark() == 1);
  b.hear_replica("r4", 99, {}, 30);
  CHECK(b.role.watermark() == 30);
  b.hear_replica("r5", 99, {}, 60);
  CHECK(b.role.watermark() == 40);
  b.hear_replica("r5", 99, {}, 1); // out of order
  CHECK(b.role.watermark() == 40);
  b.hear_replica("l1", 99, {}, 99); // no replica
  CHECK(b.role.watermark() == 40);
}

TEST_CASE("snapshots: G1, f + 1 replicas of the configuration in force and of each pending one") {
  replica_bench b;
  b.open_session();
  const auto r = reconfiguration{
      1, {{role_kind::replica, "r3"}}, {{role_kind::replica, {"r4", "host9:1", "disk"}}}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  for (slot_num slot = 3; slot < 6; ++slot)
    b.decide(slot, command{});
  b.role.snapshot_saved(5);
  b.hear_replica("r4", 6, {}, 5); // r1 and r4 are enough for version 2, which is to come
  CHECK(b.role.watermark() == 1);
  b.hear_replica("r3", 6, {}, 4); // r1 and r3 for version 1
  CHECK(b.role.watermark() == 4);
}

TEST_CASE(
    "snapshots: G1, a smaller configuration that is to come needs fewer, not the one before") {
  replica_bench b{{}, 8, 5};
  b.open_session();
  const auto r = reconfiguration{1, {{role_kind::acceptor, "a4"}, {role_kind::acceptor, "a5"}}, {}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  b.decide(3, command{});
  REQUIRE(b.role.state().configurations().latest().durable_replicas() == 2);
  b.role.snapshot_saved(4);
  b.hear_replica("r2", 4, {}, 4);
  CHECK(b.role.watermark() == 1); // f = 2 still
  b.hear_replica("r3", 4, {}, 4);
  CHECK(b.role.watermark() == 4);
}

TEST_CASE("snapshots: G1, what lies beyond slot_out may be for other replicas to hold") {
  replica_bench b;
  b.hear_replica("r2", 90, {}, 80);
  b.hear_replica("r3", 90, {}, 80); // by now both may have been removed
  CHECK(b.role.watermark() == 1);
  b.decide(1, command{});
  b.hear_replica("r3", 90, {}, 80);
  CHECK(b.role.watermark() == 2);
}

TEST_CASE("snapshots: a fetch goes piece by piece, and asks again for one that is lost") {
  replica_bench b;
  start_fetch(b);
  b.role.on(snapshot_chunk{"r2", 9, 0, 10, "12345"});
  auto out = b.role.take();
  CHECK(out.store_snapshot.size() == 1);
  CHECK(only<snapshot_request>(out.send, "r2").at(0).offset == 5);
  b.role.on(snapshot_chunk{"r2", 9, 0, 10, "12345"}); // again
  b.role.on(snapshot_chunk{"r3", 9, 5, 10, "67890"}); // of another replica's
  b.role.on(snapshot_chunk{"r2", 7, 5, 10, "67890"}); // of an earlier fetch
  CHECK(b.role.take().store_snapshot.empty());
  std::vector<envelope> sent;
  for (int i = 0; i < 25; ++i) {
    b.hear_replica("r2", 9);
    for (auto& e : b.tick().send)
      sent.push_back(std::move(e));
  }
  CHECK(only<snapshot_request>(sent, "r2").at(0).offset == 5);
  b.role.on(snapshot_chunk{"r2", 9, 5, 10, "67890"});
  CHECK(b.role.take().store_snapshot.size() == 1);
  b.role.install(state_after(7));
  CHECK(b.role.slot_out() == 9);
  CHECK(b.role.snapshot_slot() == 9);
}

TEST_CASE("snapshots: a fetch goes on after a restart if the same snapshot is offered") {
  for (const slot_num kept : {9, 8}) {
    replica_bench b;
    b.role.resume_fetch(kept, 5);
    CHECK(start_fetch(b).offset == (kept == 9 ? 5 : 0));
  }
}

TEST_CASE("snapshots: a fetch begins again when the snapshot is gone, damaged, or nothing comes") {
  for (const int why : {0, 1, 2}) {
    replica_bench b;
    start_fetch(b);
    std::vector<envelope> sent;
    if (why == 0) {
      b.role.on(snapshot_chunk{"r2", 0, 0, 0, ""});
    } else if (why == 1) {
      b.role.on(snapshot_chunk{"r2", 9, 0, 5, "12345"});
      b.role.snapshot_rejected();
    }
    b.role.take();
    for (int i = 0; i < 150; ++i) {
      b.hear_replica("r2", 9);
      for (auto& e : b.tick().send)
        sent.push_back(std::move(e));
    }
    CHECK(only<catchup>(sent, "r2").size() >= 1);
  }
}

TEST_CASE("snapshots: install answers what was executed, and goes on with later decisions") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 1, "x"));
  b.flush();
  b.decide(9, command{});
  b.role.take();
  b.role.install(state_after(7));
  CHECK(only<response>(b.role.take().send, "c1").at(0).body == "x,");
  CHECK(b.role.pending_requests() == 0);
  CHECK(b.role.slot_out() == 10);
  b.role.install(state_after(3)); // an older one does not take anything back
  CHECK(b.role.slot_out() == 10);
}

TEST_CASE("snapshots: install answers requests whose answer was acknowledged long ago, too") {
  replica_bench b;
  b.open_session();
  b.ask(operation(s1, 2, "x")); // before its predecessor: decided, then held back
  const auto mine = only<propose>(b.flush().send, "l1").at(0);
  b.decide(2, mine.value);
  CHECK(b.role.pending_requests() == 1);
  b.role.take();
  b.role.install(state_after(7, 1)); // executed and acknowledged long ago
  const auto sent = b.flush().send;
  CHECK(only<propose>(sent).empty());
  CHECK(only<response>(sent, "c1").at(0).status == reply_status::refused);
  CHECK(b.role.pending_requests() == 0);
}

TEST_CASE("snapshots: a replica restarts from one, and needs nothing below it") {
  replica::settings settings;
  settings.id = "r1";
  replica r{settings, state_after(4), true};
  CHECK(r.slot_out() == 6);
  CHECK(r.slot_in() == 6);
  CHECK(r.snapshot_slot() == 6);
  r.take();
  r.on(catchup{"r2", 2});
  CHECK(only<catchup_reply>(r.take().send, "r2").at(0).snapshot_slot == 6);
}
