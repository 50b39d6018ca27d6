// The numbers of states of small scopes of Raft. A change of the core or of its messages changes
// them: look at what it does, then at the numbers.
#include "exhaustive/search_all.hpp"
#include "search/raft/search.hpp"

#include <doctest/doctest.h>

using namespace pmmc::raft::search;

namespace {

pmmc::search::search_result search_all(const std::string& text, unsigned jobs = 1) {
  return search_scope(parse_scope, explore, text, {.jobs = jobs});
}

} // namespace

TEST_CASE("Raft: scopes are read strictly") {
  std::string error;
  CHECK(parse_scope("raft,terms=3,crashes=0", error)->terms == 3);
  check_refused(parse_scope, {"", "raft-nothing", "raft,terms", "raft,terms=0", "raft,terms=x",
                              "raft,,", "raft,crashes=2", "raft,servers=5", "raft,change=5"});
}

TEST_CASE("Raft: two servers, two terms") {
  const auto r = search_all("raft-pair");
  CHECK(r.states == 161);
  CHECK(r.depth == 18);
  CHECK(r.decided_states == 127);
  CHECK(r.conflict_states == 0);
}

TEST_CASE("Raft: three servers, a term") {
  CHECK(search_all("raft,terms=1,entries=0,crashes=0").states == 57);
  CHECK(search_all("raft,terms=1,entries=0").states == 267);
  CHECK(search_all("raft,terms=1").states == 6'272);
}

TEST_CASE("Raft: two terms, whose leaders have entries at the same index") {
  const auto r = search_all("raft,crashes=0");
  CHECK(r.states == 50'396);
  CHECK(r.depth == 28);
  CHECK(r.decided_states == 49'938);
  CHECK(r.conflict_states == 468);
}

TEST_CASE("Raft: three terms, entries one by one (figure 8 begins here)") {
  const auto r = search_all("raft-terms,terms=3");
  CHECK(r.states == 40'601);
  CHECK(r.conflict_states == 798);
}

TEST_CASE("Raft: from C-old to C-all to C-new") {
  CHECK(search_all("raft-change,servers=2").states == 2'024);
  CHECK(search_all("raft-change,servers=2,change=2").states == 13'162);
  const auto r = search_all("raft-change,change=3");
  CHECK(r.states == 42'179);
  CHECK(r.conflict_states == 563);
}

TEST_CASE("Raft: disks that take their time") {
  CHECK(search_all("raft-disks,terms=1").states == 969);
}

TEST_CASE("Raft: snapshots") {
  CHECK(search_all("raft-snapshots,terms=1").states == 717);
  CHECK(search_all("raft-snapshots,crashes=0").states == 8'503);
}

TEST_CASE("Raft, symmetry: the states that a canonical one stands for are all there is") {
  for (const auto* scope : {"raft-pair", "raft,terms=1", "raft-terms,terms=2"})
    check_symmetry(search_all, scope);
}

TEST_CASE("Raft: what is reduced leaves out states, not outcomes") {
  for (const std::string name : {"raft-pair,symmetry=0", "raft,terms=1,entries=0,symmetry=0"}) {
    const auto reduced = search_all(name);
    const auto every = search_all(name + ",reduce=0");
    CHECK(reduced.states <= every.states);
    CHECK(reduced.messages == every.messages);
    CHECK(reduced.process_states == every.process_states);
  }
  CHECK(search_all("raft,entries=0,crashes=0,reduce=0").states == 24'345);
}

TEST_CASE("Raft: two threads find what one finds") { check_threads(search_all, "raft,terms=1"); }
