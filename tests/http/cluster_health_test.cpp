// Whether replicas that have different states are noticed, by `pmmc status` and `pmmc fingerprint`.
#include "cluster_health.hpp"

#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

probed_role replica_at(const role_id& id, slot_num slot_out, std::uint64_t fingerprint) {
  probed_role r{{id, role_kind::replica, "host:1"}, true, "", {}};
  r.status.state.slot_out = slot_out;
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
  cluster_health h = assess(cluster, {replica_at("r1", 5, 1), replica_at("r2", 5, 2)});
  CHECK(unhealthy_because(h).find("different states at slot 5") != std::string::npos);
}

} // namespace pmmc::test
