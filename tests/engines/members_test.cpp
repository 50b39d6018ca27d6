// Changes of the servers: made by Raft's engine, followed by the state; refused by simple.
#include "core_helpers.hpp"
#include "engines/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace pmmc;
using namespace pmmc::engines::test;

namespace {

reconfiguration from_version(config_version replaces, const std::vector<role_id>& remove,
                             const std::vector<role_id>& add) {
  reconfiguration r;
  r.replaces = replaces;
  for (const auto& id : remove)
    r.remove.push_back({role_kind::server, id});
  for (const auto& id : add)
    r.add.push_back({role_kind::server, member_called(id)});
  return r;
}

/// With clients "c" and "o", of whom the second changes the servers.
struct raft_world {
  explicit raft_world(cluster::settings s = {}) : world(s) {
    leader = world.run_until_leader();
    world.add_client("c");
    world.add_client("o");
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
  }

  /// The outcome of what "o" asked for last.
  reconfiguration_outcome outcome(unsigned ticks = 5'000) {
    const auto done = world.run_until([&] { return world.is_idle("o"); }, ticks);
    REQUIRE(done);
    const auto found = world.changed("o");
    REQUIRE(found);
    return *found;
  }
  bool goes_on() {
    const auto op = world.write("c");
    return world.run_until([&] { return world.is_idle("c"); }) &&
           world.outcomes("c").back().kind == outcome_kind::done;
  }
  bool all_at_version(config_version version, const std::vector<role_id>& ids) {
    return world.run_until([&] {
      return std::all_of(ids.begin(), ids.end(), [&](const role_id& id) {
        return world[id].known_version() == version && world[id].live_from() == version;
      });
    });
  }

  cluster world;
  role_id leader;
};

} // namespace

TEST_CASE("a server comes, and another one goes") {
  raft_world w;
  const role_id leaves = w.leader == "s1" ? "s2" : "s1";
  w.world.add("n1");
  w.world.change("o", from_version(1, {leaves}, {"n1"}));
  const auto outcome = w.outcome();
  CHECK(outcome.status == reconfiguration_status::accepted);
  CHECK(outcome.version == 2);
  CHECK(w.all_at_version(2, {"n1", "s3"}));
  const auto& latest = w.world["n1"].state().configurations().latest();
  CHECK(latest.first_slot == outcome.first_slot);
  CHECK(latest.has_server("n1"));
  CHECK_FALSE(latest.has_server(leaves));
  CHECK(w.world["n1"].state().configurations().former_members().contains(leaves));
  w.world.crash(leaves);
  CHECK(w.goes_on());
  CHECK(w.world["n1"].gauges().is_member);
}

TEST_CASE("the leader goes: another one leads, and what waited there is done") {
  raft_world w;
  w.world.change("o", from_version(1, {w.leader}, {}));
  for (int i = 0; i < 10; ++i)
    w.world.write("c");
  CHECK(w.outcome().status == reconfiguration_status::accepted);
  CHECK(w.world.run_until([&] { return w.world.all_idle(); }));
  CHECK(w.world.run_until([&] { return w.world.leader() != w.leader; }));
  CHECK(w.goes_on());
}

TEST_CASE(
    "a leader that was removed gives back what it proposed last, and nobody else will tell of") {
  raft_world w;
  w.world.add_client("d", w.leader);
  w.world.write("d");
  REQUIRE(w.world.run_until([&] { return w.world.all_idle(); }));
  w.world.change("o", from_version(1, {w.leader}, {}));
  // Requests come until the last moment, some behind C-new.
  for (int i = 0; i < 2'000 && w.world[w.leader].gauges().is_member; ++i) {
    w.world.write("d");
    w.world.run(1);
  }
  REQUIRE_FALSE(w.world[w.leader].gauges().is_member);
  CHECK(w.world.run_until([&] { return w.world[w.leader].gauges().pending_requests == 0; }, 60));
  CHECK(w.world.run_until([&] { return w.world.all_idle(); }));
}

TEST_CASE("with a window of one slot, a change that waits for its newcomer stops nobody") {
  cluster::settings s;
  s.window = 1;
  raft_world w{s};
  w.world.add("n1");
  w.world.isolate("n1");
  w.world.change("o", from_version(1, {}, {"n1"}));
  w.world.run(20);
  const auto op = w.world.write("c");
  CHECK(w.world.run_until([&] { return w.world.is_idle("c"); }, 200));
  CHECK_FALSE(w.world.is_idle("o"));
}

TEST_CASE("a removed server that never learns of C-new hands its clients' requests on") {
  raft_world w;
  const role_id leaves = w.leader == "s1" ? "s2" : "s1";
  w.world.change("o", from_version(1, {leaves}, {}));
  // It hears of C-all, and of nothing behind it.
  w.world.loses = [&](const cluster::letter& l) {
    return w.world.has(l.from) && l.what.to == leaves && w.world[leaves].known_version() == 2 &&
           std::holds_alternative<raft::append_entries>(l.what.body);
  };
  CHECK(w.outcome().status == reconfiguration_status::accepted);
  w.world.run(100);
  REQUIRE(w.world[leaves].known_version() == 2);
  w.world.add_client("d", leaves);
  w.world.write("d");
  CHECK(w.world.run_until([&] { return w.world.all_idle(); }, 400));
}

TEST_CASE("a server that was removed sends its clients to those that were not") {
  raft_world w;
  const role_id leaves = w.leader == "s1" ? "s2" : "s1";
  w.world.add_client("d", leaves);
  w.world.write("d");
  REQUIRE(w.world.run_until([&] { return w.world.all_idle(); }));
  w.world.change("o", from_version(1, {leaves}, {}));
  CHECK(w.outcome().status == reconfiguration_status::accepted);
  w.world.run(50);
  CHECK_FALSE(w.world[leaves].gauges().is_member);
  w.world.write("d");
  CHECK(w.world.run_until([&] { return w.world.all_idle(); }, 400));
}

TEST_CASE("refusals of changes are those of PMMC's rules") {
  raft_world w;
  const auto refusal = [&](const reconfiguration& r) {
    w.world.change("o", r);
    return w.outcome();
  };
  auto o = refusal(from_version(1, {"s9"}, {}));
  CHECK(o.status == reconfiguration_status::refused);
  CHECK(o.text == "there is no server s9 in version 1");
  o = refusal(from_version(1, {}, {"s2"}));
  CHECK(o.status == reconfiguration_status::refused);
  CHECK(o.text == "server s2 is there already, at s2:1");
  o = refusal(from_version(1, {"s1", "s2", "s3"}, {}));
  CHECK(o.status == reconfiguration_status::refused);
  CHECK(o.text == "no server would be left");
  o = refusal(from_version(7, {"s1"}, {}));
  CHECK(o.status == reconfiguration_status::conflict);
  CHECK(o.version == 1);
  CHECK(o.text.starts_with("version 1 is the latest one, not 7"));
  reconfiguration acceptor;
  acceptor.replaces = 1;
  acceptor.add.push_back({role_kind::acceptor, {"a1", "a1:1"}});
  o = refusal(acceptor);
  CHECK(o.status == reconfiguration_status::refused);
  CHECK(w.world[w.leader].known_version() == 1);
  CHECK(w.goes_on());
}

TEST_CASE("of two changes of the same version one is made") {
  raft_world w;
  w.world.add_client("p");
  w.world.add("n1");
  w.world.add("n2");
  w.world.change("o", from_version(1, {}, {"n1"}));
  w.world.change("p", from_version(1, {}, {"n2"}));
  CHECK(w.world.run_until([&] { return w.world.all_idle(); }));
  const auto first = w.world.changed("o"), second = w.world.changed("p");
  REQUIRE(first);
  REQUIRE(second);
  CHECK((first->status == reconfiguration_status::accepted) !=
        (second->status == reconfiguration_status::accepted));
  CHECK((first->status == reconfiguration_status::conflict) !=
        (second->status == reconfiguration_status::conflict));
}

TEST_CASE("a change waits for its session's turn, and asked for twice it is made once") {
  raft_world w;
  auto& leader = w.world[w.leader];
  std::vector<response> answers;
  w.world.loses = [&](const cluster::letter& l) {
    if (const auto* r = std::get_if<response>(&l.what.body); r && l.what.to == "x")
      answers.push_back(*r);
    return false;
  };
  const auto ask = [&](request m) {
    leader.on("x", std::move(m));
    w.world.settle(w.leader);
  };
  ask(pmmc::test::opening(5));
  REQUIRE(w.world.run_until([&] { return !answers.empty(); }));
  byte_reader in{answers.back().body};
  const auto session = in.varint();
  answers.clear();
  const role_id leaves = w.leader == "s1" ? "s2" : "s1";
  const request change{request_kind::reconfigure, session, 2, 0,
                       encode(from_version(1, {leaves}, {}))};
  ask(change);
  w.world.run(50);
  CHECK(leader.known_version() == 1);
  CHECK_FALSE(w.world.core(w.leader).is_changing()); // not by the engine either
  ask(pmmc::test::operation(session, 1, "x.1"));
  REQUIRE(w.world.run_until([&] { return answers.size() >= 2; }));
  CHECK(leader.known_version() == 2);
  const auto first = answers.back().body;
  ask(change);
  REQUIRE(w.world.run_until([&] { return answers.size() >= 3; }));
  CHECK(answers.back().body == first);
  CHECK(w.world.core(w.leader).members().version == 2);
  CHECK(w.goes_on());
}

TEST_CASE("a change that comes before its session's turn for long is decided, and not made") {
  raft_world w;
  auto& leader = w.world[w.leader];
  std::vector<response> answers;
  w.world.loses = [&](const cluster::letter& l) {
    if (const auto* r = std::get_if<response>(&l.what.body); r && l.what.to == "x")
      answers.push_back(*r);
    return false;
  };
  leader.on("x", pmmc::test::opening(5));
  w.world.settle(w.leader);
  REQUIRE(w.world.run_until([&] { return !answers.empty(); }));
  byte_reader in{answers.back().body};
  const auto session = in.varint();
  answers.clear();
  leader.on("x",
            request{request_kind::reconfigure, session, 2, 0, encode(from_version(1, {"s1"}, {}))});
  w.world.settle(w.leader);
  REQUIRE(
      w.world.run_until([&] { return leader.state().sessions().holds_back(session, 2); }, 1'000));
  leader.on("x", pmmc::test::operation(session, 1, "x.1"));
  w.world.settle(w.leader);
  REQUIRE(w.world.run_until([&] {
    return std::any_of(answers.begin(), answers.end(),
                       [](const response& r) { return r.sequence == 1; });
  }));
  w.world.run(20);
  CHECK(leader.known_version() == 1);
  CHECK(leader.state().sessions().recorded(session, 2));
  const auto outcome =
      decode_reconfiguration_outcome(leader.state().sessions().recorded(session, 2)->body);
  REQUIRE(outcome);
  CHECK(outcome->status == reconfiguration_status::refused);
  CHECK(outcome->text == "its turn came when no change could begin: ask again");
}

TEST_CASE("a newcomer that is not there ends its change, and holds nobody else up") {
  raft_world w;
  w.world.change("o", from_version(1, {}, {"n9"}));
  w.world.run(50);
  CHECK(w.world[w.leader].contacts().size() == 4);
  CHECK(w.goes_on()); // other clients' writes
  CHECK(w.world.run_until([&] { return w.world.is_idle("o"); }));
  CHECK(w.world.outcomes("o").back().kind == outcome_kind::refused);
  CHECK(w.world.outcomes("o").back().body == "server n9 was not reached");
  CHECK(w.world[w.leader].contacts().size() == 3);
  w.world.add("n1"); // another change can be made
  w.world.change("o", from_version(1, {}, {"n1"}));
  CHECK(w.outcome().version == 2);
}

TEST_CASE("a newcomer that is heard and comes no further ends its change") {
  cluster::settings s;
  s.catch_up_ticks = 400;
  s.snapshot_log_bytes = 500;
  raft_world w{s};
  for (int i = 0; i < 60; ++i)
    w.world.write("c");
  REQUIRE(w.world.run_until([&] { return w.world.all_idle(); }));
  w.world.run(200);
  REQUIRE(w.world.core(w.leader).log().first() >
          2); // it needs the snapshot, of which no piece comes
  w.world.add("n1");
  w.world.loses = [](const cluster::letter& l) {
    return std::holds_alternative<snapshot_chunk>(l.what.body);
  };
  w.world.change("o", from_version(1, {}, {"n1"}));
  CHECK(w.world.run_until([&] { return w.world.is_idle("o"); }));
  CHECK(w.world.outcomes("o").back().kind == outcome_kind::refused);
  CHECK(w.world.outcomes("o").back().body == "server n1 does not catch up");
}

TEST_CASE("a newcomer that fetches a large snapshot slowly comes further all the time") {
  cluster::settings s;
  s.catch_up_ticks = 100;
  s.snapshot_log_bytes = 1'000;
  raft_world w{s};
  for (int i = 0; i < 300; ++i) { // one by one: answers that wait make the state large
    w.world.write("c");
    REQUIRE(w.world.run_until([&] { return w.world.all_idle(); }));
  }
  w.world.run(200);
  REQUIRE(w.world.core(w.leader).log().first() > 2);
  w.world.add("n1");
  int pieces = 0;
  w.world.loses = [&](const cluster::letter& l) { // one of three pieces: the next comes 20 ticks on
    return std::holds_alternative<snapshot_chunk>(l.what.body) && ++pieces % 3 != 0;
  };
  w.world.change("o", from_version(1, {}, {"n1"}));
  CHECK(w.outcome(20'000).status == reconfiguration_status::accepted);
  CHECK(w.world["n1"].counters().snapshots_installed > 0);
  CHECK(pieces > 12);
}

TEST_CASE("a change whose C-all was taken back is made by the next leader; its newcomer can come") {
  raft_world w;
  w.world.add("n1");
  const auto old = w.leader;
  const auto is_cut = [&](const role_id& a, const role_id& b) { // old and n1 on one side
    const auto side = [&](const role_id& id) { return id == old || id == "n1"; };
    return w.world.has(a) && w.world.has(b) && side(a) != side(b);
  };
  w.world.loses = [&](const cluster::letter& l) { // C-all gets into its log, and n1's
    const auto* m = std::get_if<raft::append_entries>(&l.what.body);
    return m != nullptr && l.what.to != "n1" &&
           std::any_of(m->entries.begin(), m->entries.end(),
                       [](const auto& e) { return e.members != nullptr; });
  };
  w.world.change("o", from_version(1, {}, {"n1"}));
  REQUIRE(w.world.run_until([&] { return w.world.core("n1").members().version == 2; }));
  CHECK(w.world.core(old).members().is_joint());
  w.world.loses = [&](const cluster::letter& l) { return is_cut(l.from, l.what.to); };
  REQUIRE(w.world.run_until([&] { return w.world.leader() != old; }));
  w.world.write("c");
  w.world.run(50);
  w.world.loses = {};
  CHECK(w.outcome(20'000).status == reconfiguration_status::accepted);
  CHECK(w.all_at_version(2, {"s1", "s2", "s3", "n1"}));
  CHECK(w.goes_on());
}

TEST_CASE("while both sets decide, the old version's servers are needed") {
  raft_world w;
  const role_id leaves = w.leader == "s1" ? "s2" : "s1";
  w.world.loses = [&](const cluster::letter& l) { // C-new does not leave the leader
    const auto* m = std::get_if<raft::append_entries>(&l.what.body);
    return m != nullptr && std::any_of(m->entries.begin(), m->entries.end(), [](const auto& e) {
             return e.members && !e.members->is_joint() && e.members->version == 2;
           });
  };
  w.world.change("o", from_version(1, {leaves}, {}));
  CHECK(w.outcome().status == reconfiguration_status::accepted);
  CHECK(w.world[w.leader].known_version() == 2);
  CHECK(w.world[w.leader].live_from() == 1);
  CHECK(w.world[w.leader].gauges().pending_configurations == 1);
  w.world.loses = {};
  CHECK(w.world.run_until([&] { return w.world[w.leader].live_from() == 2; }));
}

TEST_CASE("servers that come and go are where a snapshot says they are") {
  cluster::settings s;
  s.snapshot_log_bytes = 800;
  raft_world w{s};
  w.world.add("n1");
  w.world.change("o", from_version(1, {}, {"n1"}));
  CHECK(w.outcome().version == 2);
  for (int i = 0; i < 60; ++i)
    w.world.write("c");
  REQUIRE(w.world.run_until([&] { return w.world.all_idle(); }));
  w.world.run(100);
  for (const auto& id : w.world.ids()) {
    w.world.crash(id);
    w.world.restart(id);
  }
  for (const auto& id : w.world.ids()) {
    CHECK(w.world.core(id).members().version == 2);
    CHECK(w.world.core(id).members().has("n1"));
    CHECK(w.world[id].known_version() == 2);
  }
  CHECK(w.goes_on());
}

TEST_CASE("simple: its servers are fixed, and it says what to do") {
  cluster::settings s;
  s.engine = engine_kind::simple;
  cluster world{s};
  world.add_client("o");
  world.change("o", from_version(1, {"s1"}, {}));
  REQUIRE(world.run_until([&] { return world.all_idle(); }));
  REQUIRE(world.changed("o"));
  CHECK(world.changed("o")->status == reconfiguration_status::refused);
  CHECK(world.changed("o")->text == fixed_servers_text);
  CHECK(world["s2"].known_version() == 1);
}

namespace {

std::unique_ptr<replicated_state> state_of_raft() {
  configuration first;
  first.servers = {{"s1", "s1:1"}, {"s2", "s2:1"}};
  return std::make_unique<replicated_state>(std::make_unique<pmmc::test::log_machine>(),
                                            config_history{first}, 8, "", session_limits{},
                                            engine_kind::raft);
}

} // namespace

TEST_CASE("the state follows the engine, whatever becomes of the request") {
  auto state = state_of_raft();
  state->perform(command{}, voting_servers{2, {{"s1", "s1:1"}}});
  CHECK(state->configurations().latest().version == 2);
  CHECK(state->configurations().latest().first_slot == 2);
  CHECK(state->configurations().former_members().contains("s2"));
  state->perform(command{}, voting_servers{2, {{"s1", "s1:1"}}}); // nothing new
  CHECK(state->configurations().all().size() == 2);
}

TEST_CASE("a change keeps the disks that the log has learnt") {
  auto state = state_of_raft();
  const auto claim = found_request({9, state->facts(), {{"s1", "disk of s1"}}});
  state->perform(pmmc::test::batch_of({claim}));
  state->perform(command{}, voting_servers{2, {{"s1", "s1:1"}, {"s3", "s3:1", "disk of s3"}}});
  const auto& latest = state->configurations().latest();
  CHECK(latest.find(role_kind::server, "s1")->disk == "disk of s1");
  CHECK(latest.find(role_kind::server, "s3")->disk == "disk of s3");
}

TEST_CASE("the engine's part goes into snapshots and clones, and is no part of the state") {
  auto state = state_of_raft();
  const auto before = state->fingerprint();
  state->set_engine_part("part");
  CHECK(state->fingerprint() == before);
  CHECK(state->clone()->engine_part() == "part");
  std::stringstream bytes;
  state->write(bytes);
  auto again = state_of_raft();
  again->read(bytes);
  CHECK(again->engine_part() == "part");
  CHECK(again->fingerprint() == before);
}
