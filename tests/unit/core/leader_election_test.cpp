#include "unit/core/leader_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("leader: runs for office some time after its start, with its seqnum durable first") {
  leader_bench b{7};
  const auto scouts = b.until_scouting();
  REQUIRE(scouts.size() == 1);
  CHECK(b.ticks_waited >= 9);
  CHECK(scouts[0].ballot == ballot_num{7, "l1"});
  CHECK(scouts[0].from_slot == 1);
  CHECK(scouts[0].to_slot == 0);
  CHECK(b.last.persist.at(0).free_seqnum == 8);
}

TEST_CASE("leader: L3, a restart never uses a ballot again") {
  std::uint64_t durable = 0;
  ballot_num last;
  for (int life = 0; life < 5; ++life) {
    leader_bench b{durable};
    const auto scouts = b.until_scouting();
    CHECK(scouts.at(0).ballot > last);
    last = scouts.at(0).ballot;
    durable = b.last.persist.at(0).free_seqnum;
    if (life % 2 == 0) { // preempted, and runs again in the same life
      b.role.on(scout_outcome{preempted{{last.seqnum + 3, "l2"}}});
      const auto again = b.until_scouting();
      CHECK(again.at(0).ballot == ballot_num{last.seqnum + 4, "l1"});
      last = again.at(0).ballot;
      durable = b.last.persist.at(0).free_seqnum;
    }
  }
}

TEST_CASE("leader: never runs at once after a preemption, and waits longer after each") {
  leader_bench b;
  b.until_scouting();
  unsigned before = 0;
  for (int i = 0; i < 6; ++i) {
    const auto timeout = b.role.timeout_ticks();
    b.role.on(scout_outcome{preempted{{b.role.ballot().seqnum + 1, "l2"}}});
    CHECK(b.role.take().stop_all);
    CHECK(b.role.timeout_ticks() > timeout);
    REQUIRE(b.until_scouting().size() == 1);
    CHECK(b.ticks_waited + 1 >= b.role.timeout_ticks());
    CHECK(b.ticks_waited > before);
    before = b.role.timeout_ticks();
  }
}

TEST_CASE("leader: an active leader's answers keep it passive for as long as they come") {
  leader_bench b;
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  for (int i = 0; i < 100; ++i) {
    CHECK(scouts_in(b.tick(5)).empty());
    b.hear_leader("l2", {3, "l2"}, true);
  }
  CHECK(b.role.preempted_by() == ballot_num{3, "l2"});
  CHECK(b.until_scouting().at(0).ballot == ballot_num{4, "l1"});
}

TEST_CASE("leader: one that scouts in vain, or holds an older ballot, keeps nobody passive") {
  leader_bench b;
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  bool ran = false;
  for (int i = 0; i < 40 && !ran; ++i) {
    b.hear_leader("l2", {3, "l2"}, false);
    b.hear_leader("l3", {2, "l3"}, true);
    ran = !scouts_in(b.tick(5)).empty();
  }
  CHECK(ran);
}

TEST_CASE("leader: a broken connection to the active one makes it run soon") {
  leader::settings settings;
  settings.timeout = {.least_ticks = 300, .most_ticks = 500};
  leader_bench b{0, settings};
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  b.role.on_peer_down("l3"); // not the one that it watches
  CHECK(scouts_in(b.tick(100)).empty());
  b.hear_leader("l2", {3, "l2"}, true);
  b.role.on_peer_down("l2");
  REQUIRE(b.until_scouting().size() == 1);
  CHECK(b.ticks_waited <= 30);
}

TEST_CASE("leader: learns through the acceptors of an active one that it cannot reach") {
  leader_bench b;
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  std::uint64_t number = 50;
  for (int i = 0; i < 100; ++i) {
    CHECK(scouts_in(b.tick(5)).empty());
    b.hear_acceptor("a1", number++, {3, "l2"});
  }
  // The same number again and again is an echo of one that has gone.
  bool ran = false;
  for (int i = 0; i < 40 && !ran; ++i) {
    b.hear_acceptor("a1", number - 1, {3, "l2"});
    ran = !scouts_in(b.tick(5)).empty();
  }
  CHECK(ran);
}

TEST_CASE("leader: steps down when it hears no majority of the acceptors any more") {
  leader_bench b;
  b.elect();
  REQUIRE(b.role.is_active());
  b.acceptors_answer = false;
  for (int i = 0; i < 60; ++i) {
    b.hear_acceptor("a1");
    b.hear_acceptor("a3");
    CHECK_FALSE(b.tick(5).stop_all);
  }
  bool down = false;
  for (int i = 0; i < 40 && !down; ++i) {
    b.hear_acceptor("a1");
    down = b.tick(5).stop_all;
  }
  CHECK(down);
  CHECK_FALSE(b.role.is_active());
}

TEST_CASE("leader: keeps an office that it has just won, though no acceptor has ponged yet") {
  leader_bench b;
  b.elect();
  b.acceptors_answer = false;
  b.tick();
  CHECK(b.role.is_active());
}

TEST_CASE("leader: runs for office only when it hears a majority of the acceptors") {
  leader_bench b;
  b.acceptors_answer = false;
  for (int i = 0; i < 400; ++i) {
    CHECK(scouts_in(b.tick(5)).empty());
    b.hear_acceptor("a2");
  }
  CHECK(b.role.ballot().is_bottom());
  b.acceptors_answer = true;
  CHECK(b.until_scouting().at(0).ballot == ballot_num{0, "l1"});
  CHECK(b.ticks_waited >= 9); // time for an active leader to show itself
  CHECK(b.ticks_waited <= 30);
}

TEST_CASE("leader: one that follows and is cut off does not run, and goes on following") {
  for (const bool told : {false, true}) {
    leader_bench b;
    b.until_scouting();
    b.role.on(scout_outcome{preempted{{3, "l2"}}});
    std::uint64_t number = 50;
    const auto follow = [&] {
      CHECK(scouts_in(b.tick(5)).empty());
      for (const auto* id : {"a1", "a2", "a3"})
        b.hear_acceptor(id, number, {3, "l2"});
      ++number;
    };
    for (int i = 0; i < 20; ++i)
      follow();
    b.acceptors_answer = false;
    if (told)
      b.role.on_peer_down("l2");
    CHECK(scouts_in(b.tick(1'000)).empty());
    number += 200; // the active leader has gone on
    b.acceptors_answer = true;
    for (int i = 0; i < 100; ++i)
      follow();
    CHECK(b.role.preempted_by() == ballot_num{3, "l2"});
  }
}

TEST_CASE("leader: one that restarts follows whom the acceptors have heard of") {
  leader_bench b;
  std::uint64_t number = 50;
  for (int i = 0; i < 100; ++i) {
    for (const auto* id : {"a1", "a2"})
      b.hear_acceptor(id, number, {3, "l2"});
    number += i % 2; // now and then there is no news
    CHECK(scouts_in(b.tick(5)).empty());
  }
}

TEST_CASE("leader: one that scouts and hears no majority any more gives up, and follows a lower "
          "ballot that is active") {
  leader_bench b;
  b.until_scouting();
  b.role.on(scout_outcome{preempted{{3, "l2"}}});
  REQUIRE(b.until_scouting().at(0).ballot == ballot_num{4, "l1"});
  b.acceptors_answer = false;
  bool gave_up = false;
  unsigned ticks = 0;
  for (; ticks < 200 && !gave_up; ++ticks)
    gave_up = b.tick().stop_all;
  CHECK(gave_up);
  CHECK(ticks >= 90);
  CHECK(scouts_in(b.tick(500)).empty());
  // No acceptor ever heard of 4.l1, and l2 still leads.
  SUBCASE("which it hears") {
    for (int i = 0; i < 100; ++i) {
      b.hear_leader("l2", {3, "l2"}, true);
      for (const auto* id : {"a1", "a2", "a3"})
        b.hear_acceptor(id);
      CHECK(scouts_in(b.tick(5)).empty());
    }
  }
  SUBCASE("of which it hears") {
    for (std::uint64_t number = 50; number < 150; ++number) {
      for (const auto* id : {"a1", "a2", "a3"})
        b.hear_acceptor(id, number, {3, "l2"});
      CHECK(scouts_in(b.tick(5)).empty());
    }
  }
  b.acceptors_answer = true;
  CHECK(b.until_scouting().at(0).ballot == ballot_num{5, "l1"});
}

TEST_CASE("leader: acceptors that nobody needs any more are not waited for") {
  leader_bench b;
  auto next = make_config();
  next.version = 2;
  next.first_slot = 20;
  for (auto& a : next.acceptors)
    a.id = role_id{a.id.str() + "b"};
  config_history both{make_config()};
  both.add(next);
  b.role.learn(both);
  b.acceptors_answer = false; // the first three are switched off
  const auto hear_the_new = [&](slot_num watermark) {
    for (const auto& a : next.acceptors)
      b.role.on(pong{a.id, 1, acceptor_vitals{.watermark = watermark}});
  };
  for (int i = 0; i < 100; ++i) {
    hear_the_new(19);
    CHECK(scouts_in(b.tick(5)).empty());
  }
  std::vector<scout_task> scouts;
  for (int i = 0; i < 20 && scouts.empty(); ++i) {
    hear_the_new(20);
    scouts = scouts_in(b.tick(5));
  }
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].config->version == 2);
}

TEST_CASE("leader: without proposals it learns from the acceptors that it has been deposed") {
  leader_bench b;
  b.elect();
  b.hear_acceptor("a1", 0, b.role.ballot());
  CHECK(b.role.is_active());
  b.hear_acceptor("a2", 0, {5, "l2"});
  CHECK_FALSE(b.role.is_active());
  CHECK(b.role.take().stop_all);
  CHECK(b.until_scouting().at(0).ballot == ballot_num{6, "l1"});
}

TEST_CASE("leader: a higher ballot deposes it by an acceptor's word, not by that of who scouts") {
  leader_bench b;
  b.elect();
  b.hear_leader("l2", {9, "l2"}, false);
  CHECK_FALSE(b.role.take().stop_all);
  CHECK(b.role.is_active());
  b.hear_acceptor("a1", 0, {9, "l2"});
  CHECK(b.role.take().stop_all);
  CHECK(b.role.preempted_by() == ballot_num{9, "l2"});
}

TEST_CASE("leader: outcomes of an earlier ballot change nothing") {
  leader_bench b;
  b.elect();
  auto old_task = commanders_in(b.propose(1, "A")).at(0);
  b.role.on(commander_outcome{preempted{{4, "l2"}}}, old_task.value.ballot);
  CHECK_FALSE(b.role.is_active());
  b.elect();
  REQUIRE(b.role.is_active());
  b.role.on(scout_outcome{preempted{{4, "l2"}}});
  b.role.on(commander_outcome{preempted{{4, "l2"}}}, old_task.value.ballot);
  b.decide(old_task);
  CHECK(b.role.is_active());
  CHECK(b.role.commanders().size() == 1);
}

TEST_CASE("leader: nothing that it asked for before a preemption starts after it") {
  leader_bench b;
  b.elect();
  b.role.on(propose{"r1", 1, 1, command{"A"}});
  b.role.on(commander_outcome{preempted{{4, "l2"}}}, b.role.ballot());
  const auto out = b.role.take();
  CHECK(out.stop_all);
  CHECK(commanders_in(out).empty());
}

TEST_CASE("leader: tells replicas when it becomes active") {
  leader_bench b;
  const auto told = only<pong>(b.elect().send, "r2");
  REQUIRE_FALSE(told.empty());
  const auto last = std::get<leader_vitals>(told.back().state);
  CHECK(last.active);
  CHECK(last.ballot == b.role.ballot());
}
