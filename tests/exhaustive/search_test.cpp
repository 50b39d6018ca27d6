// The numbers of states of small scopes. A change of the roles or of their messages changes them:
// look at what it does, then at the numbers.
#include "exhaustive/search_all.hpp"
#include "search/search.hpp"

#include <doctest/doctest.h>

using namespace pmmc::search;

namespace {

search_result search_all(const std::string& text, unsigned jobs = 1) {
  return search_scope(parse_scope, explore, text, {.jobs = jobs});
}

} // namespace

TEST_CASE("one leader with two ballots") {
  const auto r = search_all("one-leader");
  CHECK(r.states == 1'662);
  CHECK(r.depth == 24);
  CHECK(r.decided_states == 1'016);
  CHECK(r.conflict_states == 0);
}

TEST_CASE("who asks for a scope that is none hears where all are named") {
  std::string error;
  CHECK_FALSE(parse_scope("nosuch", error));
  CHECK(error.find("there are one-leader") != std::string::npos);
  CHECK(error.find("`pmmc check --exhaustive list` names those of all engines") !=
        std::string::npos);
}

TEST_CASE("one leader that crashes twice") {
  CHECK(search_all("one-leader,restarts=2").states == 8'350);
}

TEST_CASE("two leaders: values compete, and still one is decided") {
  const auto r = search_all("duel");
  CHECK(r.states == 10'516);
  CHECK(r.decided_states == 5'332);
  CHECK(r.conflict_states == 1'400);
}

TEST_CASE("two leaders that crash") { CHECK(search_all("duel,restarts=1").states == 65'260); }

TEST_CASE("two leaders that are both asked for both commands") {
  CHECK(search_all("duel,both_values=1").states == 26'552);
}

TEST_CASE("a reconfiguration") { CHECK(search_all("boundary").states == 49'733); }

TEST_CASE("a reconfiguration, and the end of the configuration before it") {
  CHECK(search_all("boundary,collect=1,acceptors=1").states == 27'259);
}

TEST_CASE("slots that are collected while a commander works for them") {
  CHECK(search_all("one-leader,collect=1").states == 45'548);
}

TEST_CASE("two reconfigurations that are pending at the same time") {
  CHECK(search_all("pending").states == 38'966);
  CHECK(search_all("pending,acceptors=1,slots=4").states == 7'657);
}

TEST_CASE("recovery: slots that a leader has forgotten, or begins behind") {
  CHECK(search_all("recover,late_reports=0,forget=1").states == 26'531);
  CHECK(search_all("recover,both_values=1,late_reports=0,forget=1").states == 77'874);
}

TEST_CASE("reads across a reconfiguration that replaces all acceptors") {
  CHECK(search_all("reads").states == 5'387);
}

TEST_CASE("reads while two configurations are asked") {
  CHECK(search_all("pending,acceptors=1,slots=2,replicas=1,reads=1").states == 158'979);
}

TEST_CASE("two replicas that are read, and perform the same") {
  CHECK(search_all("reads,replicas=2,ballots=1").states == 189'205);
  CHECK(search_all("duel,acceptors=1,replicas=2").states == 1'084);
}

TEST_CASE("reads of three acceptors, and of a replica that starts again") {
  CHECK(search_all("one-leader,ballots=1,replicas=1,reads=1").states == 1'797);
  CHECK(search_all("one-leader,ballots=1,acceptors=1,restarts=1,replicas=1,reads=2").states ==
        1'496);
}

TEST_CASE("answers in pages") { CHECK(search_all("pages").states == 100'355); }

TEST_CASE("symmetry: the states that a canonical one stands for are all there is") {
  for (const auto* scope :
       {"duel", "one-leader,restarts=1", "boundary", "one-leader,ballots=1,merge_silent=0",
        "duel,forget=1", "one-leader,ballots=1,replicas=1,reads=1"})
    check_symmetry(search_all, scope);
}

TEST_CASE("merging what nobody can notice leaves out states, not outcomes") {
  const auto merged = search_all("one-leader,ballots=1");
  const auto every = search_all("one-leader,ballots=1,merge_silent=0");
  CHECK(merged.states == 60);
  CHECK(every.states == 204);
  CHECK(merged.messages == every.messages);
  CHECK(merged.process_states == every.process_states);
}

TEST_CASE("two threads find what one finds") { check_threads(search_all, "duel"); }

TEST_CASE("a search that is stopped early says so") {
  std::string error;
  const auto r = explore(*parse_scope("duel", error), {.jobs = 1, .most_states = 1'000});
  CHECK_FALSE(r.is_complete);
  CHECK(r.states >= 1'000);
  CHECK(r.states < 10'516);
}

TEST_CASE("scopes are read strictly") {
  std::string error;
  CHECK(parse_scope("duel,slots=2,late_reports=0", error)->slots == 2);
  check_refused(parse_scope, {"", "nothing", "duel,slots", "duel,slots=0", "duel,slots=x", "duel,,",
                              "duel,late_reports=2", "duel,acceptors=4"});
}
