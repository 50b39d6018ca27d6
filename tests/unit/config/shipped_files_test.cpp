// The cluster files under config/ run as they are.
#include "config/cluster_file.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace pmmc::config;

namespace {

const auto directory = std::filesystem::path{PMMC_SOURCE_DIR} / "config";

cluster_file load(const std::string& name) {
  auto result = load_cluster_file(directory / (name + ".conf"));
  for (const auto& line : result.errors)
    FAIL(line);
  CHECK(result.file->warnings.empty());
  CHECK(result.file->name == name);
  CHECK(result.file->data == directory / "var" / name);
  CHECK(result.file->window == 128);
  return *result.file;
}

} // namespace

TEST_CASE("separate3: 3 acceptors, 2 leaders and 3 replicas in 8 processes") {
  auto file = load("separate3");
  CHECK(file.first.acceptors.size() == 3);
  CHECK(file.first.leaders.size() == 2);
  CHECK(file.first.replicas.size() == 3);
  CHECK(processes_of(file.first).size() == 8);
  CHECK(file.first.address_of("r3") == "127.0.0.1:7303");
  CHECK(file.redis.at("r3") == "127.0.0.1:7403");
  CHECK(file.http.at("r3") == "127.0.0.1:7503");
}

TEST_CASE("colocated: every process has a role of each kind") {
  for (std::size_t size : {3u, 5u}) {
    auto file = load("colocated" + std::to_string(size));
    auto processes = processes_of(file.first);
    CHECK(processes.size() == size);
    for (const auto& process : processes)
      CHECK(process.roles.size() == 3);
    CHECK(processes[1].ids() == "a2 l2 r2");
  }
}

TEST_CASE("raft3, simple3: three servers, each with its ports") {
  for (const auto* name : {"raft3", "simple3"}) {
    auto file = load(name);
    CHECK(std::string{to_string(file.engine)} + "3" == name);
    CHECK(file.first.servers.size() == 3);
    CHECK(processes_of(file.first).size() == 3);
    CHECK(file.redis.size() == 3);
    CHECK(file.http.size() == 3);
  }
}

TEST_CASE("the shipped clusters may run at the same time") {
  std::set<std::string> addresses;
  std::size_t listening = 0;
  for (const auto* name : {"separate3", "colocated3", "colocated5", "raft3", "simple3"}) {
    const auto file = load(name);
    for (const auto& process : processes_of(file.first))
      addresses.insert(process.address);
    for (const auto* ports : {&file.redis, &file.http})
      for (const auto& [id, address] : *ports)
        addresses.insert(address);
    listening += processes_of(file.first).size() + file.redis.size() + file.http.size();
  }
  CHECK(addresses.size() == listening);
}
