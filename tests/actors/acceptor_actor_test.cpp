// The acceptor actor: one sync for all that has come together, and nothing told before it.
#include "parts/acceptor_actor.hpp"

#include "actors/stage.hpp"
#include "actors/two_processes.hpp"
#include "core_helpers.hpp"
#include "storage/mark_file.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pmmc::test {

namespace {

struct acceptor_stage : stage {
  acceptor_stage() : l1(record("l1")), l2(record("l2")), start_writes(0) {
    start();
    send(actor, peer_up{l1.as(role_kind::leader)});
    settle();
    start_writes = mark();
  }

  void start() {
    actor = spawn(acceptor_actor, std::make_shared<acceptor_shell>(
                                      "a1", directory(role_kind::acceptor, "a1", make_config()),
                                      config_history{make_config()}));
  }
  /// How many writes are on the disk.
  std::uint64_t mark() const {
    return storage::mark_file::read(storage::real_disk(), path_of("a1") / "acknowledged",
                                    storage::voter::acceptor)
        .writes;
  }
  std::uint64_t writes() const { return mark() - start_writes; }

  recorder l1, l2;
  caf::actor actor;
  std::uint64_t start_writes;
};

const ballot_num first{1, "l1"};
const ballot_num second{2, "l2"};

p2a accept(slot_num slot, const ballot_num& ballot = first) {
  return {ballot.leader, 1, {ballot, slot, command{"c" + std::to_string(slot)}}};
}

} // namespace

TEST_CASE_FIXTURE(acceptor_stage, "what is in the mailbox together is answered after one write") {
  send(actor, p1a{"l1", 1, first, 1});
  for (slot_num slot = 1; slot <= 3; ++slot)
    send(actor, accept(slot));
  for (int i = 0; i < 4; ++i) {
    deliver();
    CHECK(ready_actors() == 1); // the acceptor itself: nobody has been sent anything
    CHECK(writes() == 0);
  }
  settle();
  CHECK(writes() == 1);
  CHECK(l1.heard_only_from(actor));
  CHECK(l1.take<p1b>().size() == 1);
  const auto answers = l1.take<p2b>();
  REQUIRE(answers.size() == 3);
  for (slot_num slot = 1; slot <= 3; ++slot) {
    CHECK(answers[slot - 1].slot == slot);
    CHECK(answers[slot - 1].ballot == first);
  }
}

TEST_CASE_FIXTURE(acceptor_stage, "what comes after the flush has a write of its own") {
  send(actor, accept(1));
  settle();
  send(actor, accept(2));
  settle();
  CHECK(writes() == 2);
  CHECK(l1.count<p2b>() == 2);
}

TEST_CASE_FIXTURE(acceptor_stage, "a retransmission is answered without a write") {
  send(actor, accept(1));
  settle();
  send(actor, accept(1));
  settle();
  CHECK(writes() == 1);
  CHECK(l1.count<p2b>() == 2);
}

TEST_CASE_FIXTURE(acceptor_stage, "nothing is sent to a peer that is not known") {
  send_from(l2, actor, p1a{"l2", 1, second, 1});
  settle();
  CHECK(l2.has_heard_nothing());
  CHECK(l1.has_heard_nothing());
  CHECK(writes() == 0); // nor promised: it may be one that was formatted again

  send(actor, peer_up{l2.as(role_kind::leader)});
  send(actor, p1a{"l2", 1, second, 1});
  settle();
  CHECK(l2.take<p1b>().size() == 1);

  send(actor, peer_down{"l2", "a test"});
  send(actor, p1a{"l2", 1, second, 1});
  settle();
  CHECK(l2.has_heard_nothing());
}

TEST_CASE_FIXTURE(acceptor_stage, "the state survives a restart from the same directory") {
  send(actor, peer_up{l2.as(role_kind::leader)});
  send(actor, p1a{"l2", 1, second, 1});
  send(actor, accept(4, second));
  settle();
  l2.forget();
  stop(actor);
  start();
  send(actor, peer_up{l1.as(role_kind::leader)});
  send(actor, peer_up{l2.as(role_kind::leader)});
  send(actor, p1a{"l1", 1, first, 1});
  send(actor, p1a{"l2", 1, second, 1});
  settle();

  const auto refused = l1.take<p1b>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].ballot == second);
  const auto promised = l2.take<p1b>();
  REQUIRE(promised.size() == 1);
  REQUIRE(promised[0].accepted.size() == 1);
  CHECK(promised[0].accepted[0] == pvalue{second, 4, command{"c4"}});
}

TEST_CASE_FIXTURE(acceptor_stage, "a leader that comes back with another disk is promised nothing, "
                                  "after a restart of the acceptor, too") {
  send(actor, peer_up{l2.as(role_kind::leader, "disk of l2")});
  settle();
  for (const bool restarted : {false, true}) {
    if (restarted) {
      stop(actor);
      start();
      settle();
      start_writes = mark();
    }
    send(actor, peer_down{"l2", "a test"});
    send(actor, peer_up{l2.as(role_kind::leader, "another disk")});
    send(actor, p1a{"l2", 1, second, 1});
    send(actor, accept(1, second));
    settle();
    CHECK(writes() == 0);
    const auto refusals = l2.take<disk_refused>();
    REQUIRE(refusals.size() == 1);
    CHECK(refusals[0].by == "a1");
    CHECK(refusals[0].known.format_id == "disk of l2");
    CHECK(l2.has_heard_nothing());
    send_from(l2, actor, status_request{});
    settle();
    CHECK(l2.take<role_status>().at(0).uncounted.contains("l2"));
  }
  send(actor, peer_up{l2.as(role_kind::leader, "disk of l2")});
  send(actor, p1a{"l2", 1, second, 1});
  settle();
  CHECK(l2.count<p1b>() == 1);
}

TEST_CASE_FIXTURE(acceptor_stage, "who is refused ends, also by one that it is told of only then") {
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::close(STDERR_FILENO);
    send_from(l2, actor, disk_refused{"l2", known_peer{"another disk", {}, 0}});
    settle();
    send(actor, peer_up{l2.as(role_kind::leader)});
    settle();
    std::_Exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 2);
}

TEST_CASE_FIXTURE(acceptor_stage, "who is refused is not obeyed: it may remember a wrong disk") {
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::close(STDERR_FILENO);
    send(actor, peer_up{l2.as(role_kind::leader, "disk of l2")});
    send(actor, peer_down{"l2", "has gone"});
    send_from(l2, actor, disk_refused{"l2", known_peer{"another disk", {}, 0}}); // too early
    send(actor, peer_up{l2.as(role_kind::leader, "formatted again")});
    settle();
    send_from(l2, actor, disk_refused{"l2", known_peer{"another disk", {}, 0}});
    settle();
    std::_Exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 99);
}

TEST_CASE_FIXTURE(acceptor_stage,
                  "a leader with an old copy of its directory is promised nothing") {
  auto present = l2.as(role_kind::leader, "disk of l2");
  present.lives.begin(1);
  present.lives.begin(2);
  present.records = 5;
  send(actor, peer_up{present});
  send(actor, ping{"l2", 1, leader_vitals{.records = 9}});
  send(actor, peer_down{"l2", "a test"});
  settle();
  l2.forget();

  auto older = present; // from before its present life
  older.lives.nonces.back() = 3;
  older.records = 20;
  auto same_life = present; // from within it
  same_life.lives.begin(3);
  same_life.records = 8;
  for (const auto& copy : {older, same_life}) {
    send(actor, peer_up{copy});
    send(actor, p1a{"l2", 1, second, 1});
    settle();
    CHECK(l2.take<disk_refused>().size() == 1);
    CHECK(l2.has_heard_nothing());
  }
  same_life.records = 9;
  send(actor, peer_up{same_life});
  send(actor, p1a{"l2", 1, second, 1});
  settle();
  CHECK(l2.count<p1b>() == 1);
}

TEST_CASE_FIXTURE(acceptor_stage,
                  "a leader of the own process is judged by what was met elsewhere") {
  auto own = l2.as(role_kind::leader, "disk of l2");
  own.lives.begin(1);
  own.records = 5;
  auto elsewhere = own;
  elsewhere.lives.begin(2);
  send(actor, peer_up{own, "here", true}); // before it is known that it has moved
  send(actor, ping{"l2", 1, leader_vitals{.records = 9}});
  send(actor, peer_down{"l2", "has moved"});
  send(actor, peer_up{elsewhere, "there"});
  settle();
  CHECK(l2.count<disk_refused>() == 0); // as it would if the own one's records had been noted
  send(actor, ping{"l2", 1, leader_vitals{.records = 7}});
  send(actor, peer_down{"l2", "has moved"});
  const auto is_promised = [&] {
    send(actor, peer_up{own, "here", true});
    send(actor, p1a{"l2", 1, second, 1});
    settle();
    // It is not told: it may be elsewhere by now, or nowhere, and the process goes on without it.
    CHECK(l2.count<disk_refused>() == 0);
    return l2.take<p1b>().size() == 1;
  };
  CHECK_FALSE(is_promised());
  own = elsewhere;
  own.lives.begin(3);
  own.records = 6;
  CHECK_FALSE(is_promised());
  own.records = 7;
  CHECK(is_promised());
  own.format_id = "another disk";
  send(actor, peer_up{own, "here", true});
  settle();
  CHECK(l2.take<disk_refused>().size() == 1); // it was formatted again here
}

TEST_CASE_FIXTURE(acceptor_stage, "an acceptor tells how many writes are durable with its answer") {
  send(actor, accept(1));
  send(actor, ping{"l1", 1, {}});
  settle();
  const auto answers = l1.take<pong>();
  REQUIRE(answers.size() == 1);
  CHECK(records_of(answers[0].state) == mark());
}

TEST_CASE_FIXTURE(acceptor_stage, "an acceptor tells its status") {
  send(actor, accept(7));
  send_from(l2, actor, status_request{});
  settle();
  const auto answers = l2.take<role_status>();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].id == "a1");
  CHECK(answers[0].kind == role_kind::acceptor);
  CHECK(answers[0].ballot() == first);
  CHECK(std::get<acceptor_vitals>(answers[0].state).accepted_end == 8);
  CHECK(answers[0].disk_bytes > 0);
}

} // namespace pmmc::test
