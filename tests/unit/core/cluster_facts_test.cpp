// The one list of what processes must agree on.
#include "membership/cluster_facts.hpp"

#include "cluster_facts_samples.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

TEST_CASE("facts: each that differs is named, with both values") {
  const auto ours = some_facts();
  CHECK(why_facts_differ(ours, ours).empty());
  CHECK(why_processes_differ(ours, ours).empty());
  const auto differing = facts_that_differ_from(ours);
  REQUIRE(differing.size() == all_cluster_facts.size());
  for (std::size_t i = 0; i < differing.size(); ++i) {
    const auto& fact = all_cluster_facts[i];
    CHECK(why_facts_differ(differing[i], ours) ==
          "its " + std::string{fact.name} + " is " + fact.text(differing[i]) + ", and here it is " +
              fact.text(ours) + ". " + std::string{fact.advice});
    // Either may be the right one, whose data nobody must be told to remove.
    const auto of_either = why_processes_differ(differing[i], ours, "there");
    CHECK(of_either == "its " + std::string{fact.name} + " is " + fact.text(differing[i]) +
                           ", and there it is " + fact.text(ours) + ". " +
                           std::string{fact.advice_to_either});
    CHECK(of_either.find("remove its data directory") == std::string::npos);
  }
}

TEST_CASE("facts: the members' disks do not count") {
  auto with_disks = some_facts();
  with_disks.first.acceptors[0].disk = "disk";
  CHECK(why_facts_differ(with_disks, some_facts()).empty());
}

TEST_CASE("facts: who is what counts, not only who is there") {
  auto other = some_facts();
  other.first.leaders.insert(other.first.leaders.begin(), other.first.acceptors.back());
  other.first.acceptors.pop_back();
  CHECK(why_facts_differ(other, some_facts()).starts_with("its list of first members is "));
}

TEST_CASE("facts: another engine is named, with what to do") {
  configuration first;
  first.servers = {{"s1", "host1:1"}, {"s2", "host2:1"}, {"s3", "host3:1"}};
  auto raft = facts_of(first, 128);
  raft.engine = to_string(engine_kind::raft);
  auto simple = raft;
  simple.engine = to_string(engine_kind::simple);
  const auto why = why_facts_differ(simple, raft);
  CHECK(why.starts_with("its engine is simple, and here it is raft. What one engine has written"));
  auto another = raft;
  another.first.servers[2].address = "elsewhere:1";
  CHECK(why_facts_differ(another, raft)
            .starts_with("its list of first members is server:s1=host1:1 server:s2=host2:1 "
                         "server:s3=elsewhere:1, and here it is server:s1"));
}

TEST_CASE("facts: what was written is read") {
  auto of_servers = some_facts();
  of_servers.engine = to_string(engine_kind::raft);
  of_servers.first = {};
  of_servers.first.servers = {{"s1", "host1:1"}, {"s2", "host2:1"}};
  std::string its_bytes;
  put_facts(its_bytes, of_servers);
  byte_reader its{its_bytes};
  CHECK(read_facts(its) == of_servers);
  for (const auto& facts : facts_that_differ_from(some_facts())) {
    std::string bytes;
    put_facts(bytes, facts);
    byte_reader in{bytes};
    CHECK(read_facts(in) == facts);
    CHECK(in.at_end());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      byte_reader cut_off{std::string_view{bytes}.substr(0, size)};
      CHECK(!read_facts(cut_off));
    }
  }
}
