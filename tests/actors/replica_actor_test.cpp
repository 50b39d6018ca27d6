// The replica actor: what comes together travels together, and snapshots are made beside it.
#include "parts/replica_actor.hpp"

#include "actors/stage.hpp"
#include "base/codec.hpp"
#include "caf/caf_error.hpp"
#include "core_helpers.hpp"
#include "membership/reconfiguration.hpp"
#include "parts/export_reader.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <stdexcept>

namespace pmmc::test {

namespace {

/// Restores nothing that was ever written.
class forgetful_machine final : public state_machine {
public:
  std::string_view name() const override { return "forgetful/1"; }
  std::string apply(std::string_view) override { return {}; }
  std::string query(std::string_view) const override { return {}; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<forgetful_machine>();
  }
  void snapshot(std::ostream& out) const override { out << "x"; }
  void restore(std::istream&) override { throw std::runtime_error("an entry is too large"); }
  std::uint64_t fingerprint() const override { return 1; }
  std::size_t size_bytes() const override { return 1; }
};

struct replica_stage : stage {
  replica_stage() {
    r1 = start("r1", 4 << 20);
    send(r1.actor, peer_up{l1.as(role_kind::leader)});
    send(r1.actor, peer_up{client.as(role_kind::client)});
    settle();
    l1.forget();
  }

  struct started {
    caf::actor actor;
    std::shared_ptr<replica_shell> shell;
  };

  started start(const role_id& id, std::size_t snapshot_log_bytes,
                std::size_t read_bytes = replica::settings{}.read_bytes) {
    replica::settings options;
    options.id = id;
    options.read_bytes = read_bytes;
    options.seed = 3;
    options.snapshot_log_bytes = snapshot_log_bytes;
    options.kept_decisions_bytes = 0;
    auto shell = std::make_shared<replica_shell>(
        options, directory(role_kind::replica, id, config), [make = machine, this] {
          return std::make_unique<replicated_state>(make(), config_history{config}, 8);
        });
    shell->helpers_detached = false;
    return {spawn(replica_actor, shell), shell};
  }

  void request(std::vector<pmmc::request> requests) {
    send(r1.actor, client_requests{client.id(), std::move(requests), {}});
  }

  /// The one proposal that has come to the leader since the last call, and it is decided.
  propose decide_proposal() {
    const auto proposals = l1.take<propose>();
    REQUIRE(proposals.size() == 1);
    send(r1.actor, decision{1, proposals[0].slot, proposals[0].value});
    settle();
    return proposals[0];
  }

  session_id open() {
    request({opening(77)});
    settle();
    decide_proposal();
    const auto replies = client.take<client_replies>();
    REQUIRE(replies.size() == 1);
    REQUIRE(replies[0].responses.size() == 1);
    return byte_reader{replies[0].responses[0].body}.varint();
  }

  /// Decides slots up to `last` without anybody having asked for it.
  void decide_slots(const started& replica, slot_num last) {
    for (auto slot = replica.shell->core.slot_out(); slot <= last; ++slot)
      send(replica.actor, decision{1, slot, batch_of({opening(slot)})});
    settle();
  }

  configuration config = make_config();
  std::function<std::unique_ptr<state_machine>()> machine = [] {
    return std::make_unique<log_machine>();
  };
  recorder l1 = record("l1");
  recorder client = record("c");
  started r1;
};

} // namespace

TEST_CASE_FIXTURE(replica_stage,
                  "requests that come together go into one slot and are answered together") {
  const auto session = open();
  request({operation(session, 1, "a")});
  request({operation(session, 2, "b"), operation(session, 3, "c")});
  request({operation(session, 4, "d")});
  settle();
  const auto proposal = decide_proposal();
  const auto batch = decode_batch(proposal.value);
  REQUIRE(batch);
  CHECK(batch->size() == 4);

  const auto replies = client.take<client_replies>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].replica == "r1");
  REQUIRE(replies[0].responses.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(replies[0].responses[i].sequence == i + 1);
  CHECK(replies[0].responses[3].body == "a,b,c,d,");
}

TEST_CASE_FIXTURE(replica_stage, "a client's word outside of its group is dropped") {
  const auto session = open();
  send(r1.actor, operation(session, 1, "a"));
  send(r1.actor, propose{"r2", 1, 2, batch_of({operation(session, 1, "b")})}); // for leaders
  settle();
  CHECK(l1.count<propose>() == 0);
  CHECK(client.has_heard_nothing());
  request({operation(session, 1, "c")});
  settle();
  decide_proposal();
  const auto replies = client.take<client_replies>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].responses.at(0).body == "c,");
}

TEST_CASE_FIXTURE(replica_stage,
                  "nothing is proposed before everything in the mailbox was handled") {
  const auto session = open();
  for (std::uint64_t i = 1; i <= 3; ++i)
    request({operation(session, i, "x")});
  for (int i = 0; i < 3; ++i) {
    deliver();
    CHECK(ready_actors() == 1); // the replica itself
  }
  settle();
  CHECK(l1.count<propose>() == 1);
}

TEST_CASE_FIXTURE(replica_stage,
                  "a client that cannot be reached is not answered, but asks again") {
  const auto session = open();
  send(r1.actor, peer_down{client.id(), "a test"});
  request({operation(session, 1, "a")});
  settle();
  decide_proposal();
  CHECK(client.has_heard_nothing());
  send(r1.actor, peer_up{client.as(role_kind::client)});
  request({operation(session, 1, "a")});
  settle();
  CHECK(l1.count<propose>() == 0);
  const auto replies = client.take<client_replies>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].responses.at(0).body == "a,");
}

TEST_CASE_FIXTURE(replica_stage, "answers that wait for their turn wait for one, whatever comes") {
  const auto r2 = start("r2", 4 << 20, 1); // one answer a turn
  auto a1 = record("a1");
  send(r2.actor, peer_up{a1.as(role_kind::acceptor)});
  send(r2.actor, peer_up{client.as(role_kind::client)});
  send(r2.actor, decision{1, 1, batch_of({opening(5)})});
  send(r2.actor, decision{1, 2, batch_of({operation(session_opened_at(1, 0), 1, "a")})});
  std::vector<query> queries(20);
  for (std::size_t i = 0; i < queries.size(); ++i)
    queries[i].number = i + 1;
  send(r2.actor, client_requests{client.id(), {}, queries});
  settle();
  const auto probes = a1.take<read_probe>();
  REQUIRE(probes.size() == 1);
  for (const auto& acceptor : {"a1", "a2"})
    send(r2.actor, read_probe_reply{acceptor, probes[0].round, probes[0].version, 0});
  settle();
  REQUIRE(r2.shell->core.has_reads_to_answer());
  const auto waiting = delayed_messages();
  for (int i = 0; i < 5; ++i) {
    send(r2.actor, ping{"r3", 1, replica_vitals{}});
    settle();
  }
  CHECK(r2.shell->core.has_reads_to_answer());
  CHECK(delayed_messages() == waiting);
  for (int i = 0; i < 20; ++i) {
    advance(std::chrono::milliseconds{1});
    settle();
  }
  CHECK(!r2.shell->core.has_reads_to_answer());
  std::size_t answers = 0;
  for (const auto& replies : client.take<client_replies>())
    answers += replies.query_replies.size();
  CHECK(answers == queries.size());
}

TEST_CASE_FIXTURE(replica_stage,
                  "its node hears of a new configuration at once, and of each once") {
  auto node = record("node");
  const auto session = open();
  send_from(node, r1.actor, members_news{membership{config_history{config}}});
  settle();
  node.forget(); // what it was told at first
  const reconfiguration change{1, {}, {{role_kind::acceptor, {"a9", "host9:1", "disk"}}}};
  request({{request_kind::reconfigure, session, 1, 0, encode(change)}});
  settle();
  decide_proposal(); // and no tick has passed
  const auto news = node.take<members_news>();
  REQUIRE(news.size() == 1);
  CHECK(news[0].known.version() == 2);
  CHECK(l1.count<members_news>() == 0);
  ticks(3);
  CHECK(node.count<members_news>() == 0);
}

TEST_CASE_FIXTURE(replica_stage, "it tells whom it talks to by what its node says") {
  config_history both{config};
  auto added = config;
  added.version = 2;
  added.first_slot = 9;
  added.leaders.push_back({"l9", "host9:1", "disk"});
  both.add(added);
  auto l9 = record("l9");
  send(r1.actor, peer_up{l9.as(role_kind::leader)});
  ticks(20);
  CHECK(l9.has_heard_nothing());
  send(r1.actor, members_news{membership{both}});
  ticks(20);
  CHECK(l9.count<ping>() > 0);
  CHECK(r1.shell->core.state().configurations().latest().version == 1);
}

TEST_CASE_FIXTURE(replica_stage, "the worker saves a snapshot, and then the snapshot slot moves") {
  const auto r2 = start("r2", 1);
  settle();
  send(r2.actor, decision{1, 1, batch_of({opening(5)})});
  deliver(); // the decision is handled; the state is with the worker after the flush
  CHECK(r2.shell->core.slot_out() == 2);
  CHECK(r2.shell->core.snapshot_slot() == 1);
  CHECK(!r2.shell->snapshots.latest());
  settle();
  CHECK(r2.shell->core.snapshot_slot() == 2);
  CHECK(r2.shell->snapshots.latest() == 2);
}

TEST_CASE_FIXTURE(replica_stage, "a replica comes back with its newest snapshot") {
  auto r2 = start("r2", 1);
  settle();
  decide_slots(r2, 5);
  const auto saved = r2.shell->snapshots.latest();
  REQUIRE(saved);
  stop(r2.actor);
  r2 = {};
  r2 = start("r2", 1);
  settle();
  CHECK(r2.shell->core.slot_out() == *saved);
  CHECK(r2.shell->core.snapshot_slot() == *saved);
}

TEST_CASE_FIXTURE(replica_stage, "a snapshot travels from worker to worker") {
  const auto r2 = start("r2", 1);
  const auto r3 = start("r3", 4 << 20);
  settle();
  decide_slots(r2, 5);
  const auto slot = r2.shell->core.snapshot_slot();
  REQUIRE(slot > 1);
  send(r2.actor, peer_up{{"r3", role_kind::replica, {}, r3.actor}});
  send(r3.actor, peer_up{{"r2", role_kind::replica, {}, r2.actor}});
  send(r3.actor, catchup_reply{"r2", 1, slot, {}});
  settle();
  CHECK(r3.shell->core.slot_out() == slot);
  CHECK(r3.shell->core.snapshot_slot() == slot);
  CHECK(r3.shell->snapshots.latest() == slot);
}

TEST_CASE_FIXTURE(replica_stage,
                  "G1: what is durable at a guest does not count for the member that has its id") {
  const auto r2 = start("r2", 1);
  settle();
  decide_slots(r2, 5);
  const auto slot = r2.shell->core.snapshot_slot();
  REQUIRE(slot > 1);
  recorder r3 = record("r3");
  const auto watermark_after_pong = [&] {
    send(r2.actor, pong{"r3", 1, replica_vitals{.slot_out = slot, .snapshot_slot = slot}});
    settle();
    return vitals_as<replica_vitals>(r2.shell->core.current_vitals()).watermark;
  };
  CHECK(watermark_after_pong() == 1); // nobody has introduced it
  const auto at = [&](const char* address, bool is_guest) {
    send(r2.actor, peer_up{r3.as(role_kind::replica), address, false, is_guest});
  };
  at("host9:1", true);
  CHECK(watermark_after_pong() == 1);
  at("host3:1", false);
  CHECK(watermark_after_pong() == slot);
}

TEST_CASE_FIXTURE(replica_stage,
                  "a snapshot that arrives damaged is thrown away and asked for again") {
  recorder r2 = record("r2");
  send(r1.actor, peer_up{r2.as(role_kind::replica)});
  for (int attempt = 0; attempt < 2; ++attempt) {
    send(r1.actor, catchup_reply{"r2", 1, 9, {}});
    settle();
    const auto asked = r2.take<snapshot_request>();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].offset == 0);
    const std::string rubbish(100, 'x');
    send(r1.actor, snapshot_chunk{"r2", 9, 0, rubbish.size(), rubbish});
    settle();
    CHECK(r1.shell->core.slot_out() == 1);
    CHECK(!r1.shell->snapshots.latest());
  }
}

TEST_CASE_FIXTURE(replica_stage,
                  "a snapshot that cannot be restored is not published, own or fetched") {
  machine = [] { return std::make_unique<forgetful_machine>(); };
  const auto r2 = start("r2", 1);
  settle();
  decide_slots(r2, 2);
  CHECK(r2.shell->core.slot_out() == 3); // it goes on
  CHECK(r2.shell->core.snapshot_slot() == 1);
  CHECK(r2.shell->core.counters().snapshots_unreadable > 0);
  CHECK(!r2.shell->snapshots.latest());

  machine = [] { return std::make_unique<log_machine>(); };
  const auto r3 = start("r3", 1);
  settle();
  decide_slots(r3, 2);
  const auto slot = r3.shell->core.snapshot_slot();
  REQUIRE(slot > 1);
  machine = [] { return std::make_unique<forgetful_machine>(); };
  const auto r4 = start("r4", 4 << 20);
  send(r3.actor, peer_up{{"r4", role_kind::replica, {}, r4.actor}});
  send(r4.actor, peer_up{{"r3", role_kind::replica, {}, r3.actor}});
  send(r4.actor, catchup_reply{"r3", 1, slot, {}});
  settle();
  CHECK(r4.shell->core.slot_out() == 1);
  CHECK(!r4.shell->snapshots.latest());
}

TEST_CASE_FIXTURE(replica_stage, "an export reads the state as it was, and ends with the replica") {
  const auto session = open();
  request({operation(session, 1, "a")});
  settle();
  decide_proposal();
  send_from(client, r1.actor, export_open{"r1"});
  settle();
  const auto ready = client.take<export_ready>();
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].slot == 3);
  request({operation(session, 2, "b")});
  settle();
  decide_proposal();
  send_from(client, ready[0].reader, export_page{"all"});
  settle();
  CHECK(client.take<std::string>() == std::vector<std::string>{"a,"});

  const auto before = living();
  stop(r1.actor);
  CHECK(living() == before - 3); // the replica, its worker and the reader
}

TEST_CASE_FIXTURE(replica_stage, "so many exports at a time, until who asked for them goes") {
  recorder many = record("many");
  const auto before = living();
  for (std::size_t i = 0; i < max_exports; ++i)
    send_from(many, r1.actor, export_open{"r1"});
  settle();
  CHECK(many.take<export_ready>().size() == max_exports);
  CHECK(living() == before + max_exports);
  std::string error;
  system().spawn([&](caf::event_based_actor* self) {
    self->request(r1.actor, caf::infinite, export_open{"r1"})
        .then([](const export_ready&) {},
              [&](const caf::error& e) { error = explain(e, system()); });
  });
  settle();
  CHECK(error == "it serves 16 exports already, as many as it may at a time");
  CHECK(living() == before + max_exports);
  stop(many.handle());
  CHECK(living() == before - 1);
  send_from(client, r1.actor, export_open{"r1"});
  settle();
  CHECK(client.take<export_ready>().size() == 1);
}

TEST_CASE_FIXTURE(replica_stage, "a reader that nobody asks goes after a while") {
  send_from(client, r1.actor, export_open{"r1"});
  settle();
  client.forget();
  const auto before = living();
  advance(export_idle / 2);
  settle();
  CHECK(living() == before);
  advance(export_idle);
  settle();
  CHECK(living() == before - 1);
}

} // namespace pmmc::test
