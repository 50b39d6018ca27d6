// The numbers of states of small scopes of Raft. A change of the core or of its messages changes
// them: look at what it does, then at the numbers.
#include "search/raft/search.hpp"

#include <doctest/doctest.h>

using namespace pmmc::raft::search;

namespace {

pmmc::search::search_result search_all(const std::string& text, unsigned jobs = 1) {
  std::string error;
  const auto s = parse_scope(text, error);
  INFO("repeat with: pmmc check --exhaustive ", text);
  REQUIRE_MESSAGE(s, error);
  auto r = explore(*s, {.jobs = jobs});
  std::string trace;
  for (const auto& line : r.trace)
    trace += "\n" + line;
  CHECK_MESSAGE(r.broken.empty(), r.broken << trace);
  CHECK(r.is_complete);
  return r;
}

} // namespace

TEST_CASE("Raft: scopes are read strictly") {
  std::string error;
  CHECK(parse_scope("raft,terms=3,crashes=0", error)->terms == 3);
  for (const auto* wrong : {"", "raft-nothing", "raft,terms", "raft,terms=0", "raft,terms=x",
                            "raft,,", "raft,crashes=2", "raft,servers=5", "raft,change=5"}) {
    error.clear();
    CHECK_FALSE(parse_scope(wrong, error));
    CHECK_FALSE(error.empty());
  }
}
