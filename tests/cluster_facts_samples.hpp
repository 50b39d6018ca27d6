// Facts that differ in one each, for whatever compares them.
#pragma once

#include "core_helpers.hpp"
#include "membership/cluster_facts.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace pmmc::test {

inline cluster_facts some_facts() {
  auto facts = facts_of(make_config(), 128);
  facts.protocol = "pmmc/1";
  return facts;
}

/// In the order of all_cluster_facts: each differs from `ours` in that fact and in no other.
inline std::vector<cluster_facts> facts_that_differ_from(const cluster_facts& ours) {
  std::vector<cluster_facts> differing(all_cluster_facts.size(), ours);
  for (std::size_t i = 0; i < differing.size(); ++i) {
    const auto name = all_cluster_facts[i].name;
    auto& facts = differing[i];
    if (name == "protocol")
      facts.protocol = "pmmc/0";
    else if (name == "engine")
      facts.engine = "other";
    else if (name == "state machine")
      facts.machine = "other/1";
    else if (name == "window")
      facts.window += 1;
    else if (name == "list of first members")
      facts.first.acceptors.back().address = "elsewhere:1";
    else
      FAIL("no sample of the fact: ", name);
  }
  return differing;
}

} // namespace pmmc::test
