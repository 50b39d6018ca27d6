#include "base/engine_kind.hpp"

#include <doctest/doctest.h>

using namespace pmmc;

TEST_CASE("engines: each has a word, and comes back from it") {
  for (const auto engine : all_engines)
    CHECK(to_engine_kind(to_string(engine)) == engine);
  for (const auto* word : {"", "Raft", "paxos", "raft "})
    CHECK_FALSE(to_engine_kind(word));
}

TEST_CASE("engines: a kind of members belongs to PMMC, or to both of the others") {
  for (const auto kind : all_member_kinds) {
    const bool is_servers = kind == role_kind::server;
    CHECK(has_members_of(engine_kind::pmmc, kind) == !is_servers);
    CHECK(has_members_of(engine_kind::raft, kind) == is_servers);
    CHECK(has_members_of(engine_kind::simple, kind) == is_servers);
  }
  CHECK(changes_members(engine_kind::raft));
  CHECK_FALSE(changes_members(engine_kind::simple));
  CHECK(member_kinds_text(engine_kind::pmmc) == "acceptors, leaders and replicas");
  CHECK(member_kinds_text(engine_kind::raft) == "servers");
  CHECK(member_kinds_text(engine_kind::simple) == "servers");
}
