// What scripts read: nothing of PMMC's goes when there are other engines.
#include "node/cluster_json.hpp"

#include "core_helpers.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace pmmc::test {

namespace {

using json = nlohmann::ordered_json;

json status_of(configuration first, engine_kind engine) {
  probed_cluster cluster;
  cluster.known = membership{std::move(first)};
  cluster.answered = true;
  cluster.engine = to_string(engine);
  return json::parse(status_json(cluster));
}

} // namespace

TEST_CASE("status as JSON: the engine, and the configuration with its own kinds of members") {
  const auto pmmc = status_of(make_config(1), engine_kind::pmmc);
  CHECK(pmmc["engine"].get<std::string>() == "pmmc");
  CHECK(
      pmmc["configuration"].dump() ==
      R"({"version":"1","first_slot":"1","acceptors":["a1"],"leaders":["l1"],"replicas":["r1"]})");
  configuration servers;
  servers.servers = {{"s1", "host1:1"}, {"s2", "host2:1"}, {"s3", "host3:1"}};
  const auto raft = status_of(servers, engine_kind::raft);
  CHECK(raft["engine"].get<std::string>() == "raft");
  CHECK(raft["survives"].get<int>() == 1);
  CHECK(raft["configuration"].dump() ==
        R"({"version":"1","first_slot":"1","servers":["s1","s2","s3"]})");
}

} // namespace pmmc::test
