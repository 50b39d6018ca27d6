// The paper's properties (figure 3) in random schedules. To repeat a seed: test_raft
// --test-case='random*' with PMMC_RAFT_SEED=SEED in the environment.
#include "base/invariant.hpp"
#include "raft/cluster.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

using namespace pmmc::raft::test;

TEST_CASE("random schedules: the five properties hold, and it comes to an end") {
  pmmc::set_invariant_handler([](const char* condition, const char* meaning) {
    throw std::logic_error(std::string{meaning} + " (" + condition + ")");
  });
  const auto* one = std::getenv("PMMC_RAFT_SEED");
  const auto* many = std::getenv("PMMC_RAFT_SEEDS");
  const std::uint64_t first = one ? std::stoull(one) : 1;
  const std::uint64_t last = one ? first : many ? std::stoull(many) : 400;
  trial_facts sum;
  for (auto seed = first; seed <= last; ++seed) {
    std::string why;
    try {
      const auto facts = run_trial(seed, 20'000);
      sum.committed += facts.committed;
      sum.elections += facts.elections;
      sum.reads += facts.reads;
      sum.snapshots += facts.snapshots;
      sum.changes += facts.changes;
      sum.truncations += facts.truncations;
    } catch (const std::logic_error& e) {
      why = e.what();
    }
    INFO("PMMC_RAFT_SEED=" << seed);
    REQUIRE(why == "");
  }
  pmmc::set_invariant_handler(nullptr);
  MESSAGE("committed " << sum.committed << ", elections " << sum.elections << ", reads "
                       << sum.reads << ", snapshots " << sum.snapshots << ", changes "
                       << sum.changes << ", truncations " << sum.truncations);
  if (one)
    return;
  CHECK(sum.committed > 0); // and each kind of thing happened
  CHECK(sum.elections > 0);
  CHECK(sum.reads > 0);
  CHECK(sum.snapshots > 0);
  CHECK(sum.changes > 0);
  CHECK(sum.truncations > 0);
}
