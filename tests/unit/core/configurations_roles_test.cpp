// Acceptors and leaders that learn of a second configuration.
#include "consensus/pmmc/acceptor.hpp"
#include "membership/reconfiguration.hpp"
#include "unit/core/leader_bench.hpp"
#include "unit/core/replica_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// Version 2 begins at slot 20: `out` have made room for `in`.
config_history two(const std::vector<std::pair<role_kind, const char*>>& out,
                   const std::vector<std::pair<role_kind, const char*>>& in) {
  reconfiguration r{1, {}, {}};
  for (const auto& [kind, id] : out)
    r.remove.push_back({kind, id});
  for (const auto& [kind, id] : in)
    r.add.push_back({kind, {id, "host9:1", "disk"}});
  config_history history{make_config()};
  REQUIRE(reconfigure(r, 10, 10, history).status == reconfiguration_status::accepted);
  return history;
}

const std::pair a3{role_kind::acceptor, "a3"};
const std::pair a4{role_kind::acceptor, "a4"};
const std::pair l1{role_kind::leader, "l1"};
const std::pair r3{role_kind::replica, "r3"};
const std::pair r4{role_kind::replica, "r4"};

} // namespace

TEST_CASE("acceptor: F2, it votes in a version it knows only as a member and within its slots") {
  const ballot_num b{1, "l1"};
  const auto votes = [&](const role_id& id, config_version version, slot_num slot) {
    acceptor a{{id}, {}, two({a3}, {a4})};
    a.on(p2a{"l1", version, {b, slot, command{"x"}}});
    const auto sent = a.take().send;
    CHECK(only<p2b>(sent).size() == sent.size());
    return !sent.empty();
  };
  CHECK(votes("a1", 1, 19));
  CHECK_FALSE(votes("a1", 1, 20));
  CHECK_FALSE(votes("a1", 2, 19));
  CHECK(votes("a1", 2, 20));
  CHECK(votes("a3", 1, 19));
  CHECK_FALSE(votes("a3", 2, 20));
  CHECK_FALSE(votes("a4", 1, 19));
  CHECK(votes("a4", 3, 19)); // it has not heard of that one
}

namespace {

/// So many versions that the second one, which began at slot 20, is forgotten.
config_history many() {
  config_history history{make_config()};
  for (config_version v = 1; v <= config_history::most_kept + 2; ++v)
    REQUIRE(reconfigure({v,
                         {{role_kind::replica, v % 2 == 1 ? "r3" : "r4"}},
                         {{role_kind::replica, {v % 2 == 1 ? "r4" : "r3", "host9:1", "disk"}}}},
                        10 * v, 10, history)
                .status == reconfiguration_status::accepted);
  REQUIRE(history.find(2) == nullptr);
  return history;
}

} // namespace

TEST_CASE("leader: what is told of slots where nobody votes any more gets no commander") {
  for (const auto& history : {two({a3}, {a4}), many()}) {
    leader_bench b;
    b.role.learn(history);
    const auto commanded = commanders_in(b.elect({{5, {{0, "l9"}, 5, command{"x"}}}}));
    CHECK(commanded.size() == (history.find(2) == nullptr ? 0 : 1));
  }
}

TEST_CASE("acceptor: F2, where configurations were forgotten it votes in none") {
  const auto history = many();
  acceptor a{{"a1"}, {}, config_history{make_config()}};
  a.on(p2a{"l1", 1, {{1, "l1"}, 5, command{"x"}}});
  CHECK(only<p2b>(a.take().send).size() == 1);
  a.learn(history);
  a.on(p2a{"l1", 1, {{1, "l1"}, 25, command{"x"}}}); // a slot of version 2
  CHECK(a.take().send.empty());
  // What it has voted for before, it goes on telling.
  a.on(p1a{"l2", 1, {2, "l2"}, 1});
  const auto promises = only<p1b>(a.take().send);
  REQUIRE(promises.size() == 1);
  REQUIRE(promises[0].accepted.size() == 1);
  CHECK(promises[0].accepted[0].slot == 5);
}

TEST_CASE(
    "replica: no-ops come to the boundary by a few slots at a time, however large WINDOW is") {
  replica::settings options;
  options.filling_slots = 5;
  replica_bench b{options, 1'000};
  b.hear_leader("l1");
  b.open_session();
  const reconfiguration r{1, {{role_kind::replica, "r3"}}, {}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  std::set<slot_num> open, asked;
  do {
    for (const auto& p : only<propose>(b.tick().send, "l1"))
      if (asked.insert(p.slot).second)
        open.insert(p.slot);
    REQUIRE(open.size() <= 5);
    REQUIRE_FALSE(open.empty());
    b.decide(*open.begin(), command{}); // one, so that only one more may come
    open.erase(open.begin());
  } while (asked.size() < 1'000);
  CHECK(*asked.begin() == 3);
  CHECK(*asked.rbegin() == 1'002); // the first slot of version 2
}

TEST_CASE("acceptor: a configuration that is over gets no promises") {
  acceptor a{{"a1"}, {}, two({a3}, {a4})};
  const ballot_num b{1, "l1"};
  const auto promises = [&] {
    a.on(p1a{"l1", 1, b, 1});
    const auto sent = a.take().send;
    return !only<p1b>(sent).empty();
  };
  a.on(ping{"r1", 1, replica_vitals{.watermark = 19}});
  a.take();
  CHECK(promises());
  a.on(ping{"r1", 1, replica_vitals{.watermark = 20}});
  a.take();
  CHECK_FALSE(promises());
}

TEST_CASE("leader: news of a configuration make an active one scout it, and command there only "
          "then") {
  leader_bench b;
  b.elect();
  b.role.learn(two({a3}, {a4}));
  const auto scouts = scouts_in(b.role.take());
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].config->version == 2);
  CHECK(scouts[0].from_slot == 20);
  CHECK(commanders_in(b.propose(19, "x")).size() == 1);
  b.role.on(propose{"r1", 2, 20, command{"y"}});
  CHECK(commanders_in(b.role.take()).empty());
  b.role.on(propose{"r1", 1, 21, command{"z"}}); // the wrong version
  b.role.on(scout_outcome{adopted{2, scouts[0].ballot, 20, 0, 1, {}}});
  const auto started = commanders_in(b.role.take());
  REQUIRE(started.size() == 1);
  CHECK(started[0].value.slot == 20);
  CHECK(started[0].config->version == 2);
}

TEST_CASE("roles: what they have heard of configurations does not go back") {
  const auto follow = [](auto& role) {
    role.learn(two({a3}, {a4}));
    CHECK(role.known_version() == 2);
    role.learn(config_history{make_config()});
    role.learn({});
    CHECK(role.known_version() == 2);
    CHECK(role.known_members().configurations == two({a3}, {a4}));
  };
  acceptor a{{"a1"}, {}};
  CHECK(a.known_version() == 0);
  follow(a);
  leader_bench l;
  follow(l.role);
  replica_bench r;
  follow(r.role);
  CHECK(r.role.state().configurations().latest().version == 1); // that is for the log to say
}

TEST_CASE("leader: what is proposed before the news of its configuration comes is not lost") {
  leader::settings settings;
  settings.window = 4;
  leader_bench b{0, settings};
  b.elect();
  b.role.on(propose{"r1", 2, 19, command{"wrong"}}); // version 1 governs it, as will turn out
  for (slot_num slot = 20; slot < 30; ++slot)
    b.role.on(propose{"r1", 2, slot, command{"y"}});
  CHECK(b.role.take().start.empty());
  b.role.learn(two({a3}, {a4}));
  const auto out = b.role.take();
  REQUIRE(scouts_in(out).size() == 1);
  CHECK(commanders_in(out).empty()); // C2: nobody has been asked what was chosen there
  b.role.on(scout_outcome{adopted{2, scouts_in(out)[0].ballot, 20, 0, 1, {}}});
  const auto started = commanders_in(b.role.take());
  REQUIRE(started.size() == 3); // no more than WINDOW were kept, all in all
  for (const auto& task : started)
    CHECK(task.config->version == 2);
}

TEST_CASE("leader: C2, what was proposed below its phase 1 while it waited is not commanded") {
  leader_bench b;
  b.hear_replica("r1", 40);
  b.elect();
  REQUIRE(b.role.covered_from() == 40);
  b.role.learn(two({a3}, {a4}));
  const auto scouts = scouts_in(b.role.take());
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].from_slot == 40);
  b.role.on(propose{"r1", 2, 25, command{"y"}});
  b.role.on(scout_outcome{adopted{2, scouts[0].ballot, 40, 0, 1, {}}});
  CHECK(commanders_in(b.role.take()).empty());
  b.role.on(propose{"r1", 2, 25, command{"y"}}); // asked again, it looks first
  CHECK(scouts_in(b.role.take()).at(0).from_slot == 25);
}

TEST_CASE("leader: a new one scouts every configuration that is live, and only those") {
  leader_bench b;
  b.role.learn(two({a3}, {a4}));
  CHECK(b.until_scouting().size() == 2);
  leader_bench late;
  late.role.learn(two({a3}, {a4}));
  late.hear_replica("r1", 25);
  const auto scouts = late.until_scouting();
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].config->version == 2);
}

TEST_CASE("leader: it stops waiting for a configuration once that is over") {
  leader_bench b;
  b.role.learn(two({a3}, {a4}));
  const auto scouts = b.until_scouting();
  REQUIRE(scouts.size() == 2);
  b.role.on(scout_outcome{adopted{2, scouts[1].ballot, 20, 0, 1, {}}});
  CHECK_FALSE(b.role.is_active());
  b.hear_replica("r1", 22, 20);
  std::vector<config_version> stopped;
  for (int i = 0; i < 5; ++i) {
    b.role.on_tick();
    for (const auto& child : b.role.take().stop)
      if (child.kind == sub_role_kind::scout)
        stopped.push_back(child.number);
  }
  CHECK(stopped == std::vector<config_version>{1});
  CHECK(b.role.is_active());
}

TEST_CASE("leader: one that is removed leads the slots below the boundary, and no others") {
  leader_bench b;
  b.elect();
  b.role.learn(two({l1}, {}));
  CHECK(scouts_in(b.role.take()).empty());
  CHECK(commanders_in(b.propose(19, "x")).size() == 1);
  b.role.on(propose{"r1", 2, 20, command{"y"}});
  CHECK(commanders_in(b.role.take()).empty());
  CHECK_FALSE(b.role.proposals().contains(20));
  b.hear_replica("r1", 20, 20);
  b.tick(10);
  CHECK_FALSE(b.role.is_active());
  CHECK(b.until_scouting().empty());
}

TEST_CASE("commander: replicas that are to come learn decisions of the slots before, too") {
  leader_bench b;
  b.elect();
  b.role.learn(two({r3}, {r4}));
  b.role.take();
  const auto started = commanders_in(b.propose(5, "x"));
  REQUIRE(started.size() == 1);
  CHECK(started[0].learners == std::vector<role_id>{"r4"});
  commander c{"l1", started[0]};
  for (const auto* id : {"a1", "a2"})
    c.on(p2b{id, 1, started[0].value.ballot, started[0].value.ballot, 5, 1});
  CHECK(only<decision>(c.take().send, "r4").size() == 1);
}

TEST_CASE("replica: a configuration that comes up is known at once, and snapshotted at its first "
          "slot") {
  replica_bench b;
  b.open_session();
  const auto r = reconfiguration{
      1, {{role_kind::replica, "r3"}}, {{role_kind::acceptor, {"a4", "host9:1", "disk"}}}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  CHECK(b.role.known_version() == 2);
  CHECK(b.role.known_members().configurations == b.role.state().configurations());
  for (slot_num slot = 3; slot < 9; ++slot)
    b.decide(slot, command{});
  CHECK_FALSE(b.role.take().save_snapshot);
  b.decide(9, command{});
  const auto out = b.role.take();
  REQUIRE(out.save_snapshot); // slot 2 + window 8
  CHECK(out.save_snapshot->slot_out() == 10);
  CHECK(b.role.live_from() == 1);
  b.role.snapshot_saved(10);
  b.hear_replica("r3", 20, {}, 20); // does not count any more
  CHECK(b.role.live_from() == 1);
  b.hear_replica("r2", 20, {}, 10);
  CHECK(b.role.live_from() == 2);
}

TEST_CASE("replica: a snapshot at a boundary that cannot be restored is not tried at every slot") {
  replica_bench b;
  b.open_session();
  const auto r = reconfiguration{
      1, {{role_kind::replica, "r3"}}, {{role_kind::acceptor, {"a4", "host9:1", "disk"}}}};
  b.decide(2, {{request_kind::reconfigure, session_of_slot_1, 1, 0, encode(r)}});
  for (slot_num slot = 3; slot <= 9; ++slot)
    b.decide(slot, command{});
  REQUIRE(b.role.take().save_snapshot);
  b.role.snapshot_failed();
  for (slot_num slot = 10; slot <= 12; ++slot)
    b.decide(slot, command{});
  CHECK_FALSE(b.role.take().save_snapshot);
  b.role.save_now(); // as before a stop
  CHECK(b.role.take().save_snapshot);
}

TEST_CASE("replica: one that joins asks a replica of a configuration in between, and no stranger") {
  replica_bench b;
  const auto next = [](config_history& known, config_version replaces, const char* out,
                       const char* in) {
    const reconfiguration r{
        replaces,
        {{role_kind::replica, out}},
        {{role_kind::replica, {in, "host" + std::string{in + 1} + ":1", "disk"}}}};
    REQUIRE(reconfigure(r, 20 * replaces, 10, known).status == reconfiguration_status::accepted);
  };
  config_history known{make_config()};
  next(known, 1, "r3", "r4");
  next(known, 2, "r4", "r5");
  b.role.learn(known);
  b.hear_replica("r99", 80);
  CHECK(only<catchup>(b.tick(40).send).empty());
  b.hear_replica("r4", 60);
  const auto asked = only<catchup>(b.tick(40).send, "r4");
  REQUIRE_FALSE(asked.empty());
  CHECK(asked[0].from_slot == 1);
}
