// The server actor: what its disk has not done yet holds back what depends on it, and nothing else.
#include "parts/server_actor.hpp"

#include "actors/stage.hpp"
#include "base/codec.hpp"
#include "core_helpers.hpp"
#include "redis/redis_messages.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

/// One server of three; the others, the client and, if a test wants that, its disk are recorders.
struct server_stage : stage {
  struct started {
    caf::actor actor;
    std::shared_ptr<server_shell> shell;
  };

  started start(engine_kind engine, std::size_t snapshot_log_bytes = 4 << 20) {
    server_shell::settings options;
    options.part.service.id = "s1";
    options.part.seed = 3;
    options.part.snapshot_log_bytes = snapshot_log_bytes;
    auto opened = directory(role_kind::server, "s1", config, 8, engine);
    const auto facts = opened.info().facts;
    auto shell = std::make_shared<server_shell>(options, std::move(opened), [facts] {
      return first_state(std::make_unique<log_machine>(), facts);
    });
    shell->helpers_detached = false;
    started s1{spawn(server_actor, shell), shell};
    for (const auto* other : {&s2, &s3})
      send(s1.actor, peer_up{other->as(role_kind::server, "disk of " + other->id().str())});
    send(s1.actor, peer_up{client.as(role_kind::client)});
    settle();
    for (auto* other : {&s2, &s3})
      other->forget();
    return s1;
  }

  /// From now on the test is the disk.
  void hold_disk(const started& s1) { s1.shell->writer = disk.handle(); }
  void finish_write(const started& s1) {
    send(s1.actor, records_written{++writes, 0.001});
    settle();
  }

  /// Raft: s2 and s3 vote for it.
  void elect(const started& s1) {
    for (int i = 0; i < 200 && !s1.shell->core.current_vitals().is_leader; ++i) {
      ticks(1);
      for (auto* voter : {&s2, &s3})
        for (const auto& m : voter->take<raft::request_vote>())
          send_from(*voter, s1.actor, raft::vote{voter->id(), m.term, true, m.is_pre_vote});
      settle();
    }
    REQUIRE(s1.shell->core.current_vitals().is_leader);
  }

  /// Raft: it has everything, and says so until it is told no more.
  void follow(const started& s1) { follow(s1, s2); }
  void follow(const started& s1, recorder& other) {
    for (auto told = other.take<raft::append_entries>(); !told.empty();
         told = other.take<raft::append_entries>()) {
      for (const auto& m : told)
        send_from(other, s1.actor,
                  raft::append_reply{
                      other.id(), m.term, true, m.previous.index + m.entries.size(), {}, m.round});
      settle();
    }
  }

  void request(const started& s1, pmmc::request r) {
    send(s1.actor, client_requests{client.id(), {std::move(r)}, {}});
    settle();
  }

  configuration config = make_servers();
  recorder s2 = record("s2");
  recorder s3 = record("s3");
  recorder client = record("c");
  recorder disk = record("disk");
  std::uint64_t writes = 0;
};

raft::request_vote vote_wanted_by(const role_id& candidate, raft::term_num term) {
  return {candidate, term, {0, 0}};
}

} // namespace

TEST_CASE_FIXTURE(server_stage,
                  "a vote leaves when it is durable, and messages are taken meanwhile") {
  const auto s1 = start(engine_kind::raft);
  hold_disk(s1);
  send_from(s2, s1.actor, vote_wanted_by("s2", 1));
  settle();
  CHECK(disk.take<write_records>().size() == 1);
  CHECK(s2.count<raft::vote>() == 0);
  ticks(20);
  send_from(s2, s1.actor, ping{"s2", 1, server_vitals{}});
  settle();
  CHECK(s2.has_heard_nothing()); // all of it stands behind the vote
  CHECK(s1.shell->core.current_vitals().term == 1);
  finish_write(s1);
  CHECK(s2.count<raft::vote>() == 1);
  CHECK(s2.count<pong>() == 1);
}

TEST_CASE_FIXTURE(server_stage, "what comes while the disk works is written with one sync") {
  const auto s1 = start(engine_kind::raft);
  hold_disk(s1);
  for (raft::term_num term = 1; term <= 4; ++term) {
    send_from(s2, s1.actor, vote_wanted_by("s2", term));
    settle();
  }
  CHECK(disk.take<write_records>().size() == 1);
  finish_write(s1);
  CHECK(s2.take<raft::vote>().size() == 1);
  const auto second = disk.take<write_records>();
  REQUIRE(second.size() == 1);
  CHECK(second[0].records->size() >= 3);
  CHECK(s2.count<raft::vote>() == 0);
  finish_write(s1);
  CHECK(s2.take<raft::vote>().size() == 3);
  CHECK(disk.count<write_records>() == 0);
}

TEST_CASE_FIXTURE(server_stage, "a leader's entries leave before its own disk has them") {
  const auto s1 = start(engine_kind::raft);
  elect(s1);
  follow(s1);
  hold_disk(s1);
  request(s1, opening(7));
  REQUIRE(disk.take<write_records>().size() == 1);
  CHECK(s2.count<raft::append_entries>() > 0);
  follow(s1); // two of three, but one of them not durably
  CHECK(client.count<client_replies>() == 0);
  finish_write(s1);
  follow(s1);
  while (disk.take<write_records>().size() > 0)
    finish_write(s1);
  CHECK(client.count<client_replies>() == 1);
}

TEST_CASE_FIXTURE(server_stage,
                  "an acceptor's promise of engine simple is durable before it leaves") {
  const auto s1 = start(engine_kind::simple);
  hold_disk(s1);
  send_from(s2, s1.actor, simple::prepare{"s2", 1, {4}});
  settle();
  CHECK(disk.take<write_records>().size() == 1);
  CHECK(s2.count<simple::promise>() == 0);
  finish_write(s1);
  CHECK(s2.count<simple::promise>() == 1);
}

TEST_CASE_FIXTURE(server_stage,
                  "who is not introduced, or refused, neither votes nor is voted for") {
  const auto s1 = start(engine_kind::raft);
  hold_disk(s1);
  send(s1.actor, peer_down{"s2", "a test"});
  send_from(s2, s1.actor, vote_wanted_by("s2", 1));
  settle();
  CHECK(disk.count<write_records>() == 0);
  send(s1.actor, peer_up{s2.as(role_kind::server, "another disk")});
  settle();
  CHECK(s2.count<disk_refused>() == 1);
  send_from(s2, s1.actor, vote_wanted_by("s2", 1));
  settle();
  CHECK(disk.count<write_records>() == 0);
  CHECK(s1.shell->core.current_vitals().term == 0);
  CHECK(s1.shell->uncounted.contains("s2"));
}

TEST_CASE_FIXTURE(server_stage, "it tells how much it has written, and only that") {
  const auto s1 = start(engine_kind::raft);
  const auto before = s1.shell->store.writes();
  writes = before;
  hold_disk(s1);
  send_from(s2, s1.actor, vote_wanted_by("s2", 1));
  settle();
  finish_write(s1);
  s2.forget();
  ticks(20);
  const auto pings = s2.take<ping>();
  REQUIRE(!pings.empty());
  CHECK(records_of(pings.back().state) == before + 1);
}

TEST_CASE_FIXTURE(server_stage, "a server is fresh as it was formatted, until it votes") {
  const auto s1 = start(engine_kind::raft);
  const auto is_fresh = [&] {
    role_status status;
    s1.shell->complete(status, false);
    return status.is_fresh;
  };
  CHECK(is_fresh());
  send_from(s2, s1.actor, vote_wanted_by("s2", 1));
  settle();
  CHECK_FALSE(is_fresh());
}

TEST_CASE_FIXTURE(server_stage, "a server comes back with its term, its vote and its log") {
  auto s1 = start(engine_kind::raft);
  elect(s1);
  follow(s1);
  request(s1, opening(7));
  follow(s1);
  const auto term = s1.shell->core.current_vitals().term;
  const auto end = s1.shell->core.current_vitals().slot_in;
  REQUIRE(end > 1);
  stop(s1.actor);
  s1 = {};
  s1 = start(engine_kind::raft);
  CHECK(s1.shell->core.current_vitals().term == term);
  CHECK(s1.shell->core.current_vitals().slot_in == end);
  CHECK(s1.shell->core.slot_out() == 1); // until a leader says what is committed
}

TEST_CASE_FIXTURE(server_stage, "its snapshot is behind its log on the disk, and it begins there") {
  auto s1 = start(engine_kind::raft, 1);
  elect(s1);
  follow(s1);
  hold_disk(s1);
  request(s1, opening(7));
  follow(s1);
  ticks(1);
  const auto slot = s1.shell->core.snapshot_slot();
  while (disk.take<write_records>().size() > 0) {
    finish_write(s1);
    follow(s1);
  }
  CHECK(s1.shell->core.snapshot_slot() > slot);
  const auto saved = s1.shell->core.snapshot_slot();
  CHECK(s1.shell->snapshots.latest() == saved);
}

TEST_CASE_FIXTURE(server_stage, "the count of those who have performed what was decided") {
  const auto s1 = start(engine_kind::raft);
  elect(s1);
  follow(s1);
  request(s1, opening(7));
  follow(s1);
  follow(s1);
  const auto slot_out = s1.shell->core.slot_out();
  REQUIRE(slot_out > 1);
  send_from(s2, s1.actor, ping{"s2", 1, server_vitals{.slot_out = slot_out}});
  send_from(client, s1.actor, acceptor_progress_request{});
  settle();
  const auto progress = client.take<acceptor_progress>();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].slot_out == slot_out);
  CHECK(progress[0].accepted.at("s1") == slot_out - 1);
  CHECK(progress[0].accepted.at("s2") == slot_out - 1);
  CHECK(!progress[0].accepted.contains("s3"));
}

TEST_CASE_FIXTURE(server_stage,
                  "what its own disk does not have yet, it does not count for itself") {
  const auto s1 = start(engine_kind::raft);
  elect(s1);
  for (auto* other : {&s2, &s3})
    follow(s1, *other);
  hold_disk(s1);
  const auto before = s1.shell->core.slot_out();
  request(s1, opening(7));
  for (auto* other : {&s2, &s3}) // a majority without it
    follow(s1, *other);
  REQUIRE(s1.shell->core.slot_out() > before);
  send_from(client, s1.actor, acceptor_progress_request{});
  settle();
  const auto progress = client.take<acceptor_progress>();
  REQUIRE(progress.size() == 1);
  CHECK(progress[0].accepted.at("s1") == before - 1);
}

} // namespace pmmc::test
