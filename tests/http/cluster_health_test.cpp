// Whether replicas that have different states are noticed, by `pmmc status` and `pmmc fingerprint`.
#include "node/cluster_health.hpp"

#include "core_helpers.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

probed_role replica_at(const role_id& id, slot_num slot_out, std::uint64_t fingerprint) {
  probed_role r{{id, role_kind::replica, "host:1"}, true, "", {}};
  r.status.state = replica_vitals{.slot_out = slot_out};
  r.status.fingerprint = fingerprint;
  return r;
}

} // namespace

TEST_CASE("health: replicas differ only where their states at an equal slot do") {
  CHECK(why_diverged({replica_at("r1", 5, 1), replica_at("r2", 6, 2)}).empty());
  CHECK(why_diverged({replica_at("r1", 5, 1), replica_at("r2", 5, 1)}).empty());
  CHECK(why_diverged({replica_at("r1", 5, 0), replica_at("r2", 5, 1)}).empty()); // r1 was not asked
  auto down = replica_at("r1", 5, 2);
  down.up = false;
  CHECK(why_diverged({down, replica_at("r2", 5, 1)}).empty());
  const auto why =
      why_diverged({replica_at("r1", 5, 1), replica_at("r2", 5, 0xab), replica_at("r3", 5, 1)});
  CHECK(why == "replicas have different states at slot 5: r1 r3 0000000000000001, r2 "
               "00000000000000ab; stop those that differ from the others, and see "
               "docs/OPERATIONS.md, \"Replicas differ\"");
}

TEST_CASE("health: a cluster whose replicas differ is unhealthy") {
  probed_cluster cluster;
  cluster.known = membership{make_config(1)};
  cluster.answered = true;
  cluster_health h = assess(cluster, {replica_at("r1", 5, 1), replica_at("r2", 5, 2)});
  CHECK(unhealthy_because(h).find("different states at slot 5") != std::string::npos);
}

TEST_CASE("health: nobody is told to start a process whose disk the others do not count") {
  probed_cluster cluster;
  cluster.known = membership{make_config(3)};
  cluster.answered = true;
  std::vector<probed_role> roles;
  for (const auto& role : config::roles_of(make_config(3)))
    roles.push_back({role, role.address != "host1:1" && role.address != "host3:1", "", {}});
  for (auto& r : roles)
    if (r.up)
      r.status.uncounted["a1"] = "it was formatted again";
  const auto why = unhealthy_because(assess(cluster, roles));
  CHECK(why.find("down: a1 l1 r1, and not to be started with the disk") != std::string::npos);
  CHECK(why.find("down: a3 l3 r3; start with") != std::string::npos);
  CHECK(why.find("acceptor a1 is not counted: it was formatted again") != std::string::npos);
}

TEST_CASE("health: without a replica the latest configuration is judged, and nothing is served") {
  probed_cluster cluster;
  cluster.known = membership{make_config(3)};
  auto grown = make_config(5);
  grown.version = 2;
  grown.first_slot = 158;
  cluster.known.configurations.add(grown);
  cluster.answered = true;
  std::vector<probed_role> roles;
  for (const auto& role : config::roles_of(grown))
    roles.push_back({role, role.id == "a1" || role.id == "a2", "", {}});
  auto h = assess(cluster, roles);
  CHECK(h.config.version == 2);
  const auto why = unhealthy_because(h);
  CHECK(why.find("no quorum: 2 of 5 acceptors up, 3 needed") != std::string::npos);
  CHECK(why.find("no replica is up: nothing can be read or written") != std::string::npos);
  // The configuration in force is that of the furthest replica's slot.
  roles.push_back(replica_at("r1", 100, 0));
  h = assess(cluster, roles);
  CHECK(h.config.version == 1);
  CHECK(unhealthy_because(h).find("no replica is up") == std::string::npos);
}

TEST_CASE("health: a configuration to come may lack its quorum; who moves has two places") {
  probed_cluster cluster;
  cluster.known = membership{make_config(3)};
  auto next = make_config(3);
  next.version = 2;
  next.first_slot = 158;
  next.acceptors = {{"a1", "host9:1"}, {"a4", "host4:1"}, {"a5", "host5:1"}};
  cluster.known.configurations.add(next);
  cluster.answered = true;
  std::vector<probed_role> roles;
  for (const auto& role : config::roles_of(make_config(3)))
    roles.push_back({role, role.id != "a2", "", {}});
  for (const auto& m : next.acceptors)
    roles.push_back({{m.id, role_kind::acceptor, m.address}, false, "", {}});
  const auto row = [&](const role_id& id, const char* address) -> probed_role& {
    return *std::find_if(roles.begin(), roles.end(), [&](const auto& r) {
      return r.role.id == id && r.role.address == address;
    });
  };
  row("r1", "host1:1").status.state = replica_vitals{.slot_out = 100};
  row("l1", "host1:1").status.state = leader_vitals{.active = true};
  const auto why = [&] { return unhealthy_because(assess(cluster, roles)); };
  const std::string lack = "no quorum of configuration 2: 1 of 3 acceptors up, 2 needed; nothing "
                           "is decided from slot 158 on until more are started; ";
  CHECK_MESSAGE(why().starts_with(lack + "down: a2 a1 at host9:1 a4 a5; start with"), why());
  row("l1", "host1:1").status.state = leader_vitals{};
  CHECK_MESSAGE(why().starts_with(lack + "no leader is active, and none can become it before: "
                                         "nothing is decided now; down:"),
                why());
  row("l1", "host1:1").status.state = leader_vitals{.active = true};
  row("a4", "host4:1").up = true;
  CHECK_MESSAGE(why().starts_with("down: a2 a1 at host9:1 a5; start with"), why());
  row("a1", "host9:1").up = true; // it has moved before the boundary, and votes for both
  row("a1", "host1:1").up = false;
  CHECK_MESSAGE(why().starts_with("down: a1 at host1:1 a2 a5; start with"), why());
  row("a1", "host9:1").up = false;
  CHECK_MESSAGE(why().starts_with("no quorum: 1 of 3 acceptors up, 2 needed; nothing is decided "
                                  "until more are started; no quorum of configuration 2: 1 of 3"),
                why());
}

TEST_CASE("health: a configuration that is over needs no quorum") {
  probed_cluster cluster;
  cluster.known = membership{make_config(3)};
  auto other = make_config(3);
  other.version = 2;
  other.first_slot = 158;
  other.acceptors = {{"a4", "host4:1"}, {"a5", "host5:1"}, {"a6", "host6:1"}};
  cluster.known.configurations.add(other);
  cluster.known.live_from = 2;
  cluster.answered = true;
  std::vector<probed_role> roles;
  for (const auto& role : config::roles_of(other))
    roles.push_back({role, role.kind != role_kind::replica || role.id == "r3", "", {}});
  for (auto& r : roles)
    if (r.role.id == "r3")
      r.status.state = replica_vitals{.slot_out = 100}; // it has fallen behind for good
    else if (r.role.id == "l1")
      r.status.state = leader_vitals{.active = true};
  const auto why = unhealthy_because(assess(cluster, roles));
  CHECK_MESSAGE(why.starts_with("down: r1 r2; start with"), why);
}

TEST_CASE("health: of servers a majority must be up, and one must lead if they elect leaders") {
  probed_cluster cluster;
  cluster.known = membership{make_servers(3)};
  cluster.answered = true;
  std::vector<probed_role> roles;
  for (const auto& role : config::roles_of(make_servers(3)))
    roles.push_back({role, true, "", {}});
  const auto why = [&] { return unhealthy_because(assess(cluster, roles)); };
  CHECK(why() == "no leader is active (yet)"); // none ever was
  cluster.engine = "simple";
  CHECK(why() == "");
  roles[2].up = false;
  CHECK(why() ==
        "down: s3; start with `pmmc start --id ID`, or see why above; if its disk is lost, "
        "leave it down (docs/OPERATIONS.md, \"A server lost its disk\")");
  roles[2].up = true;
  cluster.engine = "raft";
  for (auto& r : roles)
    r.status.state = server_vitals{.term = 2, .slot_out = 7};
  CHECK(why() == "no leader is active (yet)");
  CHECK(office_of(roles[0]) == "candidate");
  roles[0].status.state = server_vitals{.term = 2, .leader = "s2", .slot_out = 7};
  CHECK(office_of(roles[0]) == "follower");
  roles[0].status.state = server_vitals{.term = 2, .leader = "s1", .is_leader = true};
  CHECK(why() == "");
  CHECK(office_of(roles[0]) == "leader");
  CHECK(assess(cluster, roles).highest == 7);
  CHECK(survives(make_servers(3)) == 1);
  roles[1].status.uncounted["s3"] = "it was formatted again";
  CHECK(why().find("server s3 is not counted: it was formatted again") != std::string::npos);
  roles[1].up = false;
  CHECK(why().starts_with("no quorum: 1 of 3 servers up, 2 needed"));
}

TEST_CASE("health: where nobody answers, what to do next depends on why") {
  CHECK(next_step({"nothing listens there"}).find("pmmc start") != std::string::npos);
  const char* other = "it belongs to cluster \"x\"";
  CHECK(next_step({other, other}).find("wrong config file") != std::string::npos);
  CHECK(next_step({other, "nothing listens there"}).find("pmmc start") != std::string::npos);
}

} // namespace pmmc::test
