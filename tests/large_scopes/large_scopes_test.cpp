// Scopes that take minutes, by two threads. `scripts/test --all` searches them.
#include "exhaustive/search_all.hpp"
#include "search/raft/search.hpp"
#include "search/simple/search.hpp"

#include <doctest/doctest.h>

namespace {

pmmc::search::search_result search_raft(const std::string& text, std::uint64_t most_states = 0) {
  return search_scope(pmmc::raft::search::parse_scope, pmmc::raft::search::explore, text,
                      {.jobs = 2, .most_states = most_states});
}

pmmc::search::search_result search_simple(const std::string& text, std::uint64_t most_states) {
  return search_scope(pmmc::simple::search::parse_scope, pmmc::simple::search::explore, text,
                      {.jobs = 2, .most_states = most_states});
}

} // namespace

TEST_CASE("Raft: three servers, two terms, crashes") {
  const auto r = search_raft("raft");
  CHECK(r.states == 1'252'530);
  CHECK(r.named_states == 7'509'411);
}

TEST_CASE("Raft: two commands a term, no violation in the first 10,000,000 states") {
  CHECK(search_raft("raft,crashes=0,entries=2", 10'000'000).states >= 10'000'000);
}

TEST_CASE("simple: a duel with crashes, and two slots, as far as the first 5,000,000 states") {
  CHECK(search_simple("simple-duel", 5'000'000).states > 45'373);
  CHECK(search_simple("simple", 5'000'000).states > 45'373);
}
