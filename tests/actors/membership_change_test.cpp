// A change of the members, over processes that are made up: what it says, and when it gives up.
#include "change/change_error.hpp"
#include "change/membership_change.hpp"

#include "core_helpers.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <utility>

namespace pmmc::test {

namespace {

/// Three processes with a role of each kind, or a server each. What was proposed is decided at
/// once.
class made_up_cluster : public change_access {
public:
  explicit made_up_cluster(const configuration& first = make_config(3),
                           engine_kind engine = default_engine) {
    cluster_.engine = to_string(engine);
    cluster_.known = membership{config_history{first}};
    cluster_.answered = true;
    for (const auto kind : all_member_kinds)
      for (const auto& m : first.members(kind))
        run(kind, m);
  }

  role_status& run(role_kind kind, const member& m) {
    auto& process = cluster_.processes[m.address].status;
    process.address = m.address;
    role_status status;
    status.id = m.id;
    status.kind = kind;
    status.is_fresh = true;
    if (kind == role_kind::leader)
      status.state = leader_vitals{.active = m.id == role_id{"l1"}};
    else if (kind == role_kind::replica)
      status.state = replica_vitals{.slot_out = 10};
    else if (kind == role_kind::server)
      status.state = server_vitals{.is_leader = m.id == role_id{"s2"}, .slot_out = 10};
    process.roles.push_back(std::move(status));
    return process.roles.back();
  }

  void stop(const role_id& id) {
    for (auto& [address, process] : cluster_.processes)
      std::erase_if(process.status.roles, [&](const auto& role) { return role.id == id; });
  }

  /// Version 2, in which a1 is elsewhere.
  void move_a1(const std::string& address) {
    auto next = cluster_.known.configurations.latest();
    next.version = 2;
    next.first_slot = 5;
    next.acceptors[0].address = address;
    cluster_.known.configurations.add(next);
    stop("a1");
    run(role_kind::acceptor, next.acceptors[0]);
  }

  probed_cluster ask(const std::set<std::string>&) override {
    if (++asked_ == 2 && when_asked_again)
      when_asked_again();
    return cluster_;
  }

  client_outcome propose(const std::string& op) override {
    proposed = true;
    if (when_proposed && when_proposed()) {
      client_outcome none;
      none.kind = outcome_kind::unknown;
      return none;
    }
    auto configurations = cluster_.known.configurations;
    const auto outcome = reconfigure(*decode_reconfiguration(op), slot_++, 2, configurations);
    cluster_.known.live_from = live_from;
    cluster_.known.configurations = configurations;
    for (auto& [address, process] : cluster_.processes)
      for (auto& role : process.status.roles)
        if (role.kind == role_kind::replica)
          role.state = replica_vitals{.slot_out = 13};
        else if (auto* server = std::get_if<server_vitals>(&role.state))
          server->slot_out = 12;
    for (const auto& id : gone_when_decided)
      stop(id);
    client_outcome result;
    result.kind = outcome_kind::done;
    result.body = encode(outcome);
    return result;
  }

  void say(const std::string& text) override { said += text + "\n"; }

  std::string said;
  bool proposed = false;
  config_version live_from = 1; ///< of what was proposed
  std::function<void()> when_asked_again;
  std::function<bool()> when_proposed; ///< whether it is not known what comes of it
  std::vector<role_id> gone_when_decided;

private:
  probed_cluster cluster_;
  int asked_ = 0;
  slot_num slot_ = 10; ///< of the next one that is proposed: two in one slot exclude each other
};

/// Why the change fails.
change_error failure(made_up_cluster& cluster, reconfiguration change, bool dry_run = false) {
  try {
    membership_change{std::move(change), {dry_run, std::chrono::milliseconds{100}}, cluster}.run();
  } catch (const change_error& e) {
    return e;
  }
  return {change_failure::bad_words, "it did not fail"};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// When something is proposed, `earlier` has waited in a replica's queue, and is decided before it.
void decide_before(made_up_cluster& cluster, const reconfiguration& earlier) {
  cluster.when_proposed = [&cluster, op = encode(earlier), is_first = true]() mutable {
    if (std::exchange(is_first, false))
      cluster.propose(op);
    return false;
  };
}

} // namespace

TEST_CASE("change: refused if the new configuration has no leader, or too few replicas, that run") {
  struct try_out {
    std::vector<role_id> down;
    std::vector<reconfiguration::removal> remove;
    const char* because;
  };
  for (const auto& [down, remove, because] : std::vector<try_out>{
           {{"l3"},
            {{role_kind::leader, "l1"}, {role_kind::leader, "l2"}},
            "no leader of the new configuration can be reached, and 1 is needed:\n  l3 at host3:1"},
           {{"r3"},
            {{role_kind::replica, "r1"}},
            "only 1 of the 2 replicas of the new configuration can be reached, and 2 are needed"},
           {{"r2", "r3"}, {{role_kind::leader, "l2"}}, "only 1 of the 3 replicas"},
           {{"a3"}, {{role_kind::acceptor, "a1"}}, "only 1 of the 2 acceptors"},
       })
    for (const bool dry_run : {false, true}) {
      made_up_cluster cluster;
      for (const auto& id : down)
        cluster.stop(id);
      const auto error = failure(cluster, {0, remove, {}}, dry_run);
      CHECK(error.kind == change_failure::refused);
      CHECK_MESSAGE(has(error.what(), because), error.what());
      CHECK_FALSE(cluster.proposed);
    }
}

TEST_CASE("change: of servers") {
  const member s4{"s4", "host4:1"};
  SUBCASE("a majority must run") {
    made_up_cluster cluster{make_servers(3)};
    cluster.stop("s3");
    const auto error = failure(cluster, {0, {{role_kind::server, "s1"}}, {}});
    CHECK_MESSAGE(has(error.what(), "only 1 of the 2 servers of the new configuration can be "
                                    "reached, and 2 are needed:\n  s3 at host3:1"),
                  error.what());
    CHECK_FALSE(cluster.proposed);
  }
  SUBCASE("a newcomer catches up when the change is proposed, and must be fresh") {
    made_up_cluster cluster{make_servers(3)};
    auto& newcomer = cluster.run(role_kind::server, s4);
    newcomer.state = server_vitals{};
    const reconfiguration change{0, {}, {{role_kind::server, s4}}};
    const auto error = failure(cluster, change);
    CHECK(cluster.proposed);
    CHECK(has(cluster.said, "4 servers have a quorum of 3 and survive 1 failure, as 3 would"));
    CHECK_MESSAGE(
        has(error.what(), "version 2 is in force; the servers before it are still needed"),
        error.what());
  }
  SUBCASE("one whose disk holds something else is refused") {
    made_up_cluster cluster{make_servers(3)};
    cluster.run(role_kind::server, s4).is_fresh = false;
    const auto error = failure(cluster, {0, {}, {{role_kind::server, s4}}});
    CHECK_MESSAGE(has(error.what(), "its disk is not empty"), error.what());
  }
}

TEST_CASE("change: refused if who was there has gone while newcomers caught up") {
  made_up_cluster cluster;
  const member r4{"r4", "host4:1"};
  auto& newcomer = cluster.run(role_kind::replica, r4);
  newcomer.state = replica_vitals{}; // too far behind
  cluster.when_asked_again = [&] {
    newcomer.state = replica_vitals{.slot_out = 10};
    cluster.stop("l2");
  };
  const reconfiguration change{
      0, {{role_kind::leader, "l1"}, {role_kind::leader, "l3"}}, {{role_kind::replica, r4}}};
  const auto error = failure(cluster, change);
  CHECK(has(cluster.said, "replica r4 is catching up"));
  CHECK(error.kind == change_failure::refused);
  CHECK_MESSAGE(has(error.what(), "no leader of the new configuration can be reached"),
                error.what());
  CHECK_FALSE(cluster.proposed);
}

TEST_CASE("change: who is to go back to where it was is told what is in its way there") {
  made_up_cluster cluster;
  cluster.move_a1("host9:1");
  for (const auto* there : {"host1:1", "host8:1"}) {
    const reconfiguration change{
        0, {{role_kind::acceptor, "a1"}}, {{role_kind::acceptor, {"a1", there}}}};
    const auto error = failure(cluster, change);
    CHECK(error.kind == change_failure::refused);
    CHECK_MESSAGE(has(error.what(), "It has to run there first: stop it where it is, "),
                  error.what());
    CHECK(has(error.what(), "remove the files `members` of it and of every role that runs with") ==
          (there == std::string{"host1:1"}));
  }
}

TEST_CASE("change: who is waited for is named") {
  made_up_cluster cluster;
  cluster.gone_when_decided = {"r2", "r3"};
  const auto error = failure(cluster, {0, {{role_kind::leader, "l2"}}, {}});
  CHECK(error.kind == change_failure::unknown);
  CHECK_MESSAGE(
      has(error.what(),
          "version 2 is in force; 2 of its 3 replicas must have a snapshot of slot 12 on "
          "disk; without one: r1 r2 (down) r3 (down), and nothing has moved for 0 s; do "
          "not switch anything off yet. Give the same command again to go on waiting. The "
          "cluster: down: r2 r3; start with"),
      error.what());
}

TEST_CASE("change: one that an earlier attempt has made meanwhile is made, not in conflict") {
  const reconfiguration change{1, {{role_kind::leader, "l3"}}, {}};
  made_up_cluster cluster;
  cluster.live_from = 2;
  decide_before(cluster, change);
  CHECK(membership_change{change, {}, cluster}.run().config.version == 2);
  cluster.live_from = 1; // who only asks does not wait
  const auto asked = membership_change{change, {.dry_run = true}, cluster}.run();
  CHECK(to_text(asked).starts_with("nothing would be proposed: version 2 has made this change"));

  made_up_cluster others;
  decide_before(others, {1, {{role_kind::leader, "l2"}}, {}});
  CHECK(
      has(failure(others, change).what(), "version conflict: version 2 is the latest one, not 1"));
}

TEST_CASE("change: nobody can be switched off whom a configuration in force needs") {
  made_up_cluster cluster;
  cluster.live_from = 2;
  cluster.when_asked_again = [&] { // another operator takes the rest of that process away
    cluster.propose(
        encode(reconfiguration{2, {{role_kind::acceptor, "a3"}, {role_kind::replica, "r3"}}, {}}));
  };
  const auto result = membership_change{{1, {{role_kind::leader, "l3"}}, {}}, {}, cluster}.run();
  CHECK(result.config.version == 2);
  REQUIRE(result.leavers.size() == 1);
  CHECK(!result.leavers[0].alone);
}

TEST_CASE("change: of servers, one must lead before others can go") {
  made_up_cluster leaderless{make_servers(3), engine_kind::raft};
  leaderless.gone_when_decided = {"s2"};
  const auto waits = failure(leaderless, {0, {{role_kind::server, "s3"}}, {}});
  CHECK_MESSAGE(has(waits.what(), "no leader of it is active yet"), waits.what());
  CHECK(has(leaderless.said, "warning: 2 servers have a quorum of 2 and survive 0 failures, as 1 "
                             "would"));
}

TEST_CASE("change: of servers it is told what holds, and who can be switched off") {
  made_up_cluster cluster{make_servers(3), engine_kind::raft};
  cluster.run(role_kind::server, {"s4", "host4:1"});
  cluster.live_from = 2;
  const reconfiguration change{
      0, {{role_kind::server, "s1"}}, {{role_kind::server, {"s4", "host4:1"}}}};
  membership_change dry{change, {.dry_run = true}, cluster};
  CHECK(to_text(dry.run()) ==
        "would propose version 2 in place of version 1: servers s2 s3 s4 (quorum 2); survives 1 "
        "failure\nit would be used when its servers have caught up, in slot 10 at the earliest, at "
        "first together with version 1\n");
  CHECK_FALSE(cluster.proposed);
  membership_change made{change, {}, cluster};
  CHECK(to_text(made.run()) ==
        "version 2 is active from slot 12: servers s2 s3 s4 (quorum 2); survives 1 failure\ncan be "
        "switched off: s1 at host1:1\n");
}

TEST_CASE("change: of servers it is asked for again, as long as the new ones catch up") {
  const reconfiguration change{
      0, {{role_kind::server, "s1"}}, {{role_kind::server, {"s4", "host4:1"}}}};
  for (const int slow : {1, 5}) {
    made_up_cluster cluster{make_servers(3), engine_kind::raft};
    auto& s4 = cluster.run(role_kind::server, {"s4", "host4:1"});
    cluster.live_from = 2;
    int attempts = 0;
    cluster.when_proposed = [&] {
      std::get<server_vitals>(s4.state).slot_in += 1;
      return ++attempts <= slow;
    };
    membership_change made{change, {}, cluster};
    CHECK(made.run().config.version == 2);
    CHECK(attempts == slow + 1);
    CHECK(has(cluster.said, "the new servers are catching up"));
  }
  made_up_cluster stuck{make_servers(3), engine_kind::raft};
  stuck.run(role_kind::server, {"s4", "host4:1"});
  int attempts = 0;
  stuck.when_proposed = [&] { return ++attempts > 0; };
  const auto error = failure(stuck, change);
  CHECK(error.kind == change_failure::unknown);
  CHECK(attempts == 1);
}

TEST_CASE("change: of servers, one whose answer was lost is found made") {
  made_up_cluster cluster{make_servers(3), engine_kind::raft};
  cluster.live_from = 2;
  const reconfiguration change{0, {{role_kind::server, "s1"}}, {}};
  bool asked = false;
  cluster.when_proposed = [&] {
    if (std::exchange(asked, true))
      return false;
    auto once = change;
    once.replaces = 1;
    cluster.propose(encode(once)); // decided, and nobody hears of it
    return true;
  };
  membership_change made{change, {}, cluster};
  CHECK(made.run().config.version == 2);
}

TEST_CASE("change: a cluster has roles of one engine, and those of simple stay") {
  made_up_cluster raft{make_servers(3), engine_kind::raft};
  const auto of_pmmc = failure(raft, {0, {}, {{role_kind::acceptor, {"a4", "host4:1"}}}});
  CHECK(of_pmmc.kind == change_failure::refused);
  CHECK_MESSAGE(has(of_pmmc.what(), "acceptor a4 cannot be added: the members of this cluster are "
                                    "servers: it has no acceptors"),
                of_pmmc.what());
  made_up_cluster pmmc;
  const auto of_raft = failure(pmmc, {0, {}, {{role_kind::server, {"s4", "host4:1"}}}});
  CHECK_MESSAGE(has(of_raft.what(), "server s4 cannot be added: the members of this cluster are "
                                    "acceptors, leaders and replicas: it has no servers"),
                of_raft.what());
  const auto removed = failure(raft, {0, {{role_kind::acceptor, "s1"}}, {}});
  CHECK_MESSAGE(has(removed.what(),
                    "acceptor s1 cannot be removed: the members of this cluster are "
                    "servers: it has no acceptors"),
                removed.what());
  made_up_cluster simple{make_servers(3), engine_kind::simple};
  const auto stays = failure(simple, {0, {{role_kind::server, "s1"}}, {}});
  CHECK(stays.kind == change_failure::refused);
  CHECK_MESSAGE(has(stays.what(), "refused: engine simple has a fixed set of servers"),
                stays.what());
  CHECK_FALSE(simple.proposed);
}

} // namespace pmmc::test
