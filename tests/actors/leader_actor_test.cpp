// The leader actor: scouts and commanders are actors of their own, and none of them is left over.
#include "parts/leader_actor.hpp"

#include "actors/stage.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

/// Leader l1 with recorders for everybody else.
struct leader_stage : stage {
  leader_stage() {
    config = make_config();
    start();
  }

  void start() {
    leader::settings options;
    options.id = "l1";
    options.seed = 7;
    options.window = 8;
    config_history configurations{config};
    if (next)
      configurations.add(*next);
    shell = std::make_shared<leader_shell>(options, directory(role_kind::leader, "l1", config),
                                           configurations);
    actor = spawn(leader_actor, shell);
    for (auto& a : acceptors)
      send(actor, peer_up{a.as(role_kind::acceptor, "disk of " + a.id().str())});
    send(actor, peer_up{r1.as(role_kind::replica)});
    settle();
    quiet = living();
  }

  void restart() {
    stop(actor);
    shell.reset();
    start();
  }

  std::uint64_t seqnum_on_disk() {
    return storage::read_role_state(
               storage::data_directory::open_read_only(storage::real_disk(), path_of("l1")))
        .seqnum;
  }

  /// Two acceptors answer a ping, with no news: without a majority no leader runs.
  void answer_ping() {
    for (const auto* acceptor : {"a1", "a2"})
      send(actor, pong{acceptor, 0, acceptor_vitals{}});
  }

  /// Ticks until the leader scouts; returns its ballot.
  ballot_num run_for_office() {
    for (int i = 0; i < 1'000 && shell->count(sub_role_kind::scout) == 0; ++i) {
      answer_ping();
      ticks(1);
    }
    REQUIRE(shell->count(sub_role_kind::scout) > 0);
    return shell->core.ballot();
  }

  void promise(recorder& acceptor, config_version version = 1, std::vector<pvalue> accepted = {}) {
    const auto ballot = shell->core.ballot();
    p1b m;
    m.acceptor = acceptor.id();
    m.version = version;
    m.asked = m.ballot = ballot;
    m.from_slot = version == 1 ? 1 : next->first_slot;
    m.accepted = std::move(accepted);
    send(actor, m);
    settle();
  }

  void elect() {
    run_for_office();
    promise(acceptors[0]);
    promise(acceptors[1]);
    REQUIRE(shell->core.is_active());
    forget_all();
  }

  void propose_slot(slot_num slot) {
    send(actor, propose{"r1", 1, slot, command{"c" + std::to_string(slot)}});
    settle();
  }

  void answer(recorder& acceptor, slot_num slot, const ballot_num& asked, const ballot_num& own) {
    send(actor, p2b{acceptor.id(), 1, asked, own, slot, 1});
    settle();
  }

  void forget_all() {
    for (auto& a : acceptors)
      a.forget();
    r1.forget();
  }

  configuration config;
  std::optional<configuration> next;
  std::vector<recorder> acceptors{record("a1"), record("a2"), record("a3")};
  recorder r1 = record("r1");
  std::shared_ptr<leader_shell> shell;
  caf::actor actor;
  std::size_t quiet = 0; ///< living actors when the leader has no sub-actors
};

const ballot_num higher{100, "l2"};

} // namespace

TEST_CASE_FIXTURE(leader_stage,
                  "a scout is an actor that speaks as the leader, and goes when adopted") {
  const auto ballot = run_for_office();
  CHECK(living() == quiet + 1);
  for (auto& a : acceptors) {
    CHECK(a.heard_only_from(actor));
    const auto asked = a.take<p1a>();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].ballot == ballot);
  }
  promise(acceptors[0]);
  promise(acceptors[0]); // twice the same is not a majority
  CHECK(living() == quiet + 1);
  promise(acceptors[2]);
  CHECK(shell->core.is_active());
  CHECK(shell->count(sub_role_kind::scout) == 0);
  CHECK(living() == quiet);
}

TEST_CASE_FIXTURE(leader_stage, "a leader tells which ballot is durable with its pings") {
  run_for_office();
  acceptors[0].forget();
  for (int i = 0; i < 100 && acceptors[0].count<ping>() == 0; ++i)
    ticks(1);
  const auto pings = acceptors[0].take<ping>();
  REQUIRE(pings.size() == 1);
  CHECK(seqnum_on_disk() > 0);
  CHECK(records_of(pings[0].state) == seqnum_on_disk());
}

TEST_CASE_FIXTURE(leader_stage, "there is a scout for each configuration that is live") {
  next = config;
  next->version = 2;
  next->first_slot = 5;
  restart();
  run_for_office();
  CHECK(shell->count(sub_role_kind::scout) == 2);
  CHECK(living() == quiet + 2);
  promise(acceptors[0]);
  promise(acceptors[1]);
  CHECK(living() == quiet + 1);
  CHECK(!shell->core.is_active());
  promise(acceptors[0], 2);
  promise(acceptors[1], 2);
  CHECK(shell->core.is_active());
  CHECK(living() == quiet);
}

TEST_CASE_FIXTURE(leader_stage, "there is a commander for each slot, until its slot is decided") {
  elect();
  for (slot_num slot = 1; slot <= 3; ++slot)
    propose_slot(slot);
  propose_slot(2); // again
  CHECK(shell->count(sub_role_kind::commander) == 3);
  CHECK(living() == quiet + 3);
  CHECK(acceptors[0].heard_only_from(actor));
  CHECK(acceptors[0].count<p2a>() == 3);

  const auto ballot = shell->core.ballot();
  answer(acceptors[0], 2, ballot, ballot);
  CHECK(r1.count<decision>() == 0);
  answer(acceptors[1], 2, ballot, ballot);
  const auto decisions = r1.take<decision>();
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0].slot == 2);
  CHECK(decisions[0].value == command{"c2"});
  CHECK(living() == quiet + 2);
  answer(acceptors[2], 2, ballot, ballot); // too late for anybody
  CHECK(r1.count<decision>() == 0);
  CHECK(shell->count(sub_role_kind::commander) == 2);
}

TEST_CASE_FIXTURE(leader_stage, "what the acceptors hold is proposed again after an election") {
  run_for_office();
  const pvalue old{{1, "l2"}, 3, command{"old"}};
  promise(acceptors[0], 1, {old});
  promise(acceptors[1]);
  CHECK(living() == quiet + 1);
  const auto sent = acceptors[2].take<p2a>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].value == pvalue{shell->core.ballot(), 3, command{"old"}});
}

TEST_CASE_FIXTURE(leader_stage, "preemption ends all sub-actors") {
  elect();
  for (slot_num slot = 1; slot <= 3; ++slot)
    propose_slot(slot);
  answer(acceptors[0], 1, shell->core.ballot(), higher);
  CHECK(!shell->core.is_active());
  CHECK(shell->core.preempted_by() == higher);
  CHECK(shell->count(sub_role_kind::commander) == 0);
  CHECK(living() == quiet);
}

TEST_CASE_FIXTURE(leader_stage,
                  "a preempted scout ends, and the next ballot is above the other one") {
  const auto ballot = run_for_office();
  p1b m{"a1", 1, ballot, higher, 1, 0, 1, {}};
  send(actor, m);
  settle();
  CHECK(living() == quiet);
  CHECK(run_for_office() > higher);
}

TEST_CASE_FIXTURE(leader_stage, "an active leader that is stopped leaves no sub-actors behind") {
  elect();
  propose_slot(1);
  propose_slot(2);
  CHECK(living() == quiet + 2);
  stop(actor);
  CHECK(living() == quiet - 1);
}

TEST_CASE_FIXTURE(leader_stage, "a leader that is stopped while it scouts leaves no scout behind") {
  run_for_office();
  stop(actor);
  CHECK(living() == quiet - 1);
}

TEST_CASE_FIXTURE(leader_stage, "the seqnum is on the disk before the first p1a leaves") {
  CHECK(seqnum_on_disk() == 0);
  std::uint64_t last = 0;
  for (int ballots = 0; ballots < 3; ++ballots) {
    for (int i = 0; i < 1'000 && acceptors[0].count<p1a>() == 0; ++i) {
      answer_ping();
      advance(tick_length);
      while (ready_actors() > 0) {
        deliver();
        if (acceptors[0].count<p1a>() + acceptors[1].count<p1a>() + acceptors[2].count<p1a>() > 0)
          REQUIRE(seqnum_on_disk() > shell->core.ballot().seqnum);
      }
    }
    const auto asked = acceptors[0].take<p1a>();
    REQUIRE(!asked.empty());
    const auto seqnum = asked[0].ballot.seqnum;
    CHECK((ballots == 0 || seqnum > last)); // L3: not even after a restart
    last = seqnum;
    forget_all();
    restart();
  }
}

TEST_CASE_FIXTURE(leader_stage, "a scout asks again those that have not answered") {
  run_for_office();
  promise(acceptors[1]);
  forget_all();
  ticks(ticks_per_sub_tick * sub_ticks_per_resend);
  CHECK(acceptors[0].count<p1a>() == 1);
  CHECK(acceptors[1].count<p1a>() == 0);
  CHECK(acceptors[2].count<p1a>() == 1);
}

TEST_CASE_FIXTURE(leader_stage, "a commander asks again, also an acceptor that came up meanwhile") {
  send(actor, peer_down{"a3", "a test"});
  elect();
  propose_slot(1);
  CHECK(acceptors[2].count<p2a>() == 0);
  answer(acceptors[0], 1, shell->core.ballot(), shell->core.ballot());
  send(actor, peer_up{acceptors[2].as(role_kind::acceptor, "disk of a3")});
  forget_all();
  ticks(ticks_per_sub_tick * sub_ticks_per_resend);
  CHECK(acceptors[0].count<p2a>() == 0);
  CHECK(acceptors[1].count<p2a>() == 1);
  CHECK(acceptors[2].count<p2a>() == 1);
}

TEST_CASE_FIXTURE(leader_stage, "a commander's report of an earlier ballot does nothing") {
  elect();
  propose_slot(1);
  const auto old = shell->core.ballot();
  const auto old_commander = shell->children.at({sub_role_kind::commander, 1});
  answer(acceptors[0], 1, old, higher);
  run_for_office();
  promise(acceptors[0]);
  promise(acceptors[1]);
  REQUIRE(shell->core.is_active());
  REQUIRE(shell->count(sub_role_kind::commander) ==
          1); // of the same slot: what was proposed is still undecided
  forget_all();

  const auto value = pvalue{old, 1, command{"c1"}};
  for (const commander_outcome& outcome :
       {commander_outcome{decided{value}}, commander_outcome{preempted{higher}},
        commander_outcome{below_watermark{1, 5}}}) {
    caf::send_as(old_commander, actor,
                 sub_role_report{{sub_role_kind::commander, 1}, old, outcome});
    settle();
    CHECK(shell->core.is_active());
    CHECK(shell->count(sub_role_kind::commander) == 1);
    CHECK(shell->core.commanders().contains(1));
    CHECK(shell->core.proposals().contains(1));
  }
  CHECK(living() == quiet + 1);
  const auto ballot = shell->core.ballot();
  answer(acceptors[1], 1, ballot, ballot);
  answer(acceptors[2], 1, ballot, ballot);
  CHECK(r1.count<decision>() == 1);
  CHECK(living() == quiet);
}

TEST_CASE_FIXTURE(leader_stage, "an acceptor that comes back with another disk is not talked to") {
  elect();
  send(actor, peer_down{"a1", "a test"});
  send(actor, peer_up{acceptors[0].as(role_kind::acceptor, "another disk")});
  propose_slot(1);
  const auto refusals = acceptors[0].take<disk_refused>(); // all that it is told
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].by == "l1");
  CHECK(refusals[0].known.format_id == "disk of a1");
  CHECK(acceptors[0].has_heard_nothing());
  CHECK(acceptors[1].count<p2a>() == 1);
}

TEST_CASE_FIXTURE(leader_stage, "the disk that the configuration names counts, not the first met") {
  config.acceptors[0].disk = "disk in the log";
  restart(); // a1 introduces itself with another one
  const auto refusals = acceptors[0].take<disk_refused>();
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].known.format_id == "disk in the log");
  CHECK(shell->uncounted.contains("a1"));
  CHECK(shell->uncounted.size() == 1);
  CHECK(!shell->peers.find("a1"));
  CHECK(shell->peers.find("a2"));
}

TEST_CASE_FIXTURE(leader_stage, "a configuration is learned from the node, and scouted") {
  elect();
  config_history both{config};
  auto added = config;
  added.version = 2;
  added.first_slot = 5;
  added.acceptors[2].id = "a4";
  both.add(added);
  send(actor, members_news{membership{both, 1, 7}});
  settle();
  CHECK(shell->core.known_version() == 2);
  const auto asked = acceptors[0].take<p1a>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].version == 2);
}

TEST_CASE_FIXTURE(leader_stage, "a disk that the log names is learned from the node, and counts") {
  auto named = config;
  named.acceptors[0].disk = "disk in the log";
  send(actor, members_news{membership{config_history{named}, 1, 7}});
  send(actor, peer_up{acceptors[0].as(role_kind::acceptor, "disk of a1")}); // as it was met
  settle();
  const auto refusals = acceptors[0].take<disk_refused>();
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].known.format_id == "disk in the log");
  CHECK(!shell->peers.find("a1"));
}

} // namespace pmmc::test
