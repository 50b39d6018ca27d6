// The client actor: one replica at a time, and the next one when that is gone or silent.
#include "parts/client_actor.hpp"

#include "actors/stage.hpp"
#include "base/codec.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

struct client_stage : stage {
  client_stage() {
    client::settings options;
    options.id = "c";
    options.seed = 11;
    shell = std::make_shared<client_shell>(options);
    actor = spawn(client_actor, shell);
    settle();
  }

  void up(recorder& replica) {
    send(actor, peer_up{replica.as(role_kind::replica)});
    settle();
  }
  void down(const recorder& replica) {
    send(actor, peer_down{replica.id(), "is a test"});
    settle();
  }

  void submit(std::uint64_t tag, std::string op, unsigned timeout_ticks = 1'000) {
    send_from(user, actor,
              client_submit{tag, submission_kind::operation, std::move(op), timeout_ticks});
  }

  /// The replica answers the request that opens a session.
  void open(recorder& replica) {
    const auto asked = replica.take<client_requests>();
    REQUIRE(asked.size() == 1);
    REQUIRE(asked[0].requests.size() == 1);
    CHECK(asked[0].client == "c");
    CHECK(asked[0].requests[0].kind == request_kind::open_session);
    std::string session;
    put_varint(session, 9);
    answer(replica, {0, asked[0].requests[0].sequence, reply_status::ok, session});
  }

  void answer(const recorder& replica, response r) {
    send(actor, client_replies{replica.id(), {std::move(r)}, {}});
    settle();
  }

  recorder& present() { return shell->core.replica() == "r1" ? r1 : r2; }
  recorder& other() { return shell->core.replica() == "r1" ? r2 : r1; }

  recorder r1 = record("r1"), r2 = record("r2"), user = record("user");
  std::shared_ptr<client_shell> shell;
  caf::actor actor;
};

} // namespace

TEST_CASE_FIXTURE(client_stage,
                  "operations submitted together travel together, and come back by tag") {
  up(r1);
  submit(21, "a");
  submit(22, "b");
  settle();
  open(r1);
  const auto sent = r1.take<client_requests>();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].requests.size() == 2);
  CHECK(sent[0].requests[1].op == "b");
  CHECK(user.has_heard_nothing());

  send(actor,
       client_replies{"r1", {{9, 1, reply_status::ok, "A"}, {9, 2, reply_status::ok, "B"}}, {}});
  settle();
  const auto done = user.take<client_done>();
  REQUIRE(done.size() == 2);
  CHECK(done[0].tag == 21);
  CHECK(done[0].outcome.kind == outcome_kind::done);
  CHECK(done[0].outcome.body == "A");
  CHECK(done[1].tag == 22);
  CHECK(shell->tickets.empty());
}

TEST_CASE_FIXTURE(client_stage,
                  "what waits for an answer goes to another replica when this one is down") {
  up(r1);
  up(r2);
  submit(1, "a");
  settle();
  open(present());
  auto& first = present();
  auto& second = other();
  const auto sent = first.take<client_requests>();
  REQUIRE(sent.size() == 1);
  CHECK(second.has_heard_nothing());
  down(first);
  const auto again = second.take<client_requests>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].requests == sent[0].requests); // the same identity: it takes effect once
  answer(second, {9, 1, reply_status::ok, "A"});
  CHECK(user.take<client_done>().size() == 1);
}

TEST_CASE_FIXTURE(client_stage, "a replica that stays silent is given up for another one") {
  up(r1);
  up(r2);
  submit(1, "a");
  settle();
  auto& second = other();
  ticks(99);
  CHECK(second.has_heard_nothing());
  ticks(2);
  CHECK(second.count<client_requests>() == 1);
}

TEST_CASE_FIXTURE(client_stage, "what is submitted before any replica is up waits for one") {
  submit(1, "a");
  ticks(50);
  CHECK(user.has_heard_nothing());
  up(r2);
  open(r2);
  CHECK(r2.count<client_requests>() == 1);
}

TEST_CASE_FIXTURE(client_stage, "an operation ends in time, and says what was tried") {
  down(r1);
  submit(1, "a", 30);
  ticks(31);
  const auto done = user.take<client_done>();
  REQUIRE(done.size() == 1);
  CHECK(done[0].outcome.kind == outcome_kind::not_executed);
  CHECK(done[0].outcome.body == "replica r1 is a test");
}

TEST_CASE_FIXTURE(client_stage, "a query is answered without a session") {
  up(r1);
  send_from(user, actor, client_submit{5, submission_kind::query, "q", 100});
  settle();
  const auto sent = r1.take<client_requests>();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].queries.size() == 1);
  send(actor,
       client_replies{"r1", {}, {{sent[0].queries[0].number, reply_status::ok, 4, "answer"}}});
  settle();
  const auto done = user.take<client_done>();
  REQUIRE(done.size() == 1);
  CHECK(done[0].tag == 5);
  CHECK(done[0].outcome.body == "answer");
  CHECK(done[0].outcome.slot == 4);
}

TEST_CASE_FIXTURE(client_stage, "an export is opened at the replica that is named") {
  up(r1);
  up(r2);
  send_from(user, actor, export_open{"r2"});
  settle();
  CHECK(r1.has_heard_nothing());
  CHECK(r2.count<export_open>() == 1);
}

TEST_CASE_FIXTURE(client_stage, "answers that nobody waits for do no harm") {
  up(r1);
  submit(1, "a");
  settle();
  open(r1);
  answer(r1, {8, 1, reply_status::ok, "another session's"});
  answer(r1, {9, 7, reply_status::ok, "never asked"});
  answer(r1, {0, 12'345, reply_status::ok, "no session"});
  CHECK(user.has_heard_nothing());
  answer(r1, {9, 1, reply_status::ok, "A"});
  answer(r1, {9, 1, reply_status::ok, "A"});
  CHECK(user.take<client_done>().size() == 1);
}

} // namespace pmmc::test
