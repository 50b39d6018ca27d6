// The numbers of states of small scopes of engine `simple`. A change of the core or of its messages
// changes them: look at what it does, then at the numbers.
#include "exhaustive/search_all.hpp"
#include "search/simple/search.hpp"

#include <doctest/doctest.h>

using namespace pmmc::simple::search;

namespace {

pmmc::search::search_result search_all(const std::string& text, unsigned jobs = 1) {
  return search_scope(parse_scope, explore, text, {.jobs = jobs});
}

} // namespace

TEST_CASE("simple: scopes are read strictly") {
  std::string error;
  CHECK(parse_scope("simple,rounds=3,crashes=0", error)->rounds == 3);
  check_refused(parse_scope, {"", "simple-nothing", "simple,rounds", "simple,rounds=0",
                              "simple,rounds=x", "simple,,", "simple,crashes=2", "simple,servers=5",
                              "simple,proposers=4", "simple-pair,proposers=3"});
}

TEST_CASE("simple: two servers that propose in one slot") {
  const auto r = search_all("simple-pair");
  CHECK(r.states == 1'557);
  CHECK(r.depth == 17);
  CHECK(r.decided_states == 996);
  CHECK(r.conflict_states == 0);
  CHECK(search_all("simple-pair,crashes=1").states == 13'447);
}

TEST_CASE("simple: a proposer among three servers, with and without crashes") {
  CHECK(search_all("simple-duel,proposers=1,crashes=0").states == 28);
  CHECK(search_all("simple-duel,proposers=1").states == 401);
}

TEST_CASE("simple: two proposers: values compete, and still one is chosen") {
  const auto crashing = search_all("simple-duel,rounds=1");
  CHECK(crashing.states == 5'174);
  CHECK(crashing.decided_states == 4'214);
  CHECK(crashing.conflict_states == 512);
  const auto r = search_all("simple-duel,crashes=0");
  CHECK(r.states == 45'373);
  CHECK(r.depth == 21);
  CHECK(r.decided_states == 34'796);
  CHECK(r.conflict_states == 7'327);
}

TEST_CASE("simple: the loser's command goes to the next slot") {
  CHECK(search_all("simple,servers=2,crashes=0").states == 14'487);
  CHECK(search_all("simple,rounds=1,crashes=0").states == 4'692);
}

TEST_CASE("simple: slots are collected, and snapshots taken over") {
  CHECK(search_all("simple-collect").states == 4'095);
  CHECK(search_all("simple-collect,crashes=0").states == 267);
}

TEST_CASE("simple: linearizable reads") { CHECK(search_all("simple-reads").states == 13'161); }

TEST_CASE("simple, symmetry: the states that a canonical one stands for are all there is") {
  for (const auto* scope : {"simple-duel,proposers=1", "simple-reads,crashes=0"})
    check_symmetry(search_all, scope);
}

TEST_CASE("simple: what is reduced leaves out states, not outcomes") {
  for (const std::string name :
       {"simple-pair,rounds=1,late_rejects=1", "simple-duel,proposers=1,rounds=1,late_rejects=1"}) {
    const auto reduced = search_all(name);
    const auto every = search_all(name + ",reduce=0");
    CHECK(reduced.states <= every.states);
    CHECK(reduced.messages == every.messages);
    CHECK(reduced.process_states == every.process_states);
  }
  CHECK(search_all("simple-pair,rounds=1,late_rejects=1,reduce=0").states == 593);
}

TEST_CASE("simple: two threads find what one finds") { check_threads(search_all, "simple-pair"); }
