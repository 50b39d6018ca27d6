// Both engines in random schedules, with clients. To repeat a seed: test_engines
// --test-case='random*' with PMMC_ENGINES_SEED=SEED in the environment.
#include "base/invariant.hpp"
#include "engines/trial.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

using namespace pmmc;
using namespace pmmc::engines::test;

namespace {

void run_series(engine_kind engine, std::uint64_t seeds, trial_facts& sum) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw std::logic_error(std::string{meaning} + " (" + condition + ")");
  });
  const auto* one = std::getenv("PMMC_ENGINES_SEED");
  const auto* many = std::getenv("PMMC_ENGINES_SEEDS");
  const std::uint64_t first = one ? std::stoull(one) : 1;
  const std::uint64_t last = one ? first : many ? std::stoull(many) : seeds;
  for (auto seed = first; seed <= last; ++seed) {
    std::string why;
    try {
      const auto facts = run_trial(engine, seed, 10'000);
      sum.answered += facts.answered;
      sum.reads += facts.reads;
      sum.fetched += facts.fetched;
      sum.saved += facts.saved;
      sum.changes += facts.changes;
      sum.unknown += facts.unknown;
    } catch (const std::logic_error& e) {
      why = e.what();
    }
    INFO("PMMC_ENGINES_SEED=" << seed << " of " << to_string(engine));
    REQUIRE(why == "");
  }
  set_invariant_handler(nullptr);
  MESSAGE(to_string(engine) << ": answered " << sum.answered << ", unknown " << sum.unknown
                            << ", reads " << sum.reads << ", snapshots " << sum.saved
                            << ", fetched " << sum.fetched << ", changes " << sum.changes);
}

} // namespace

TEST_CASE("random schedules of raft: what clients are promised holds, and it comes to an end") {
  trial_facts sum;
  run_series(engine_kind::raft, 60, sum);
  CHECK(sum.answered > 0); // and each kind of thing happened
  CHECK(sum.reads > 0);
  CHECK(sum.saved > 0);
  CHECK((sum.fetched > 0 || std::getenv("PMMC_ENGINES_SEED") != nullptr));
  CHECK((sum.changes > 0 || std::getenv("PMMC_ENGINES_SEED") != nullptr));
}

TEST_CASE("random schedules of simple: what clients are promised holds, and it comes to an end") {
  trial_facts sum;
  run_series(engine_kind::simple, 60, sum);
  CHECK(sum.answered > 0);
  CHECK(sum.reads > 0);
  CHECK(sum.saved > 0);
  CHECK((sum.fetched > 0 || std::getenv("PMMC_ENGINES_SEED") != nullptr));
  CHECK(sum.changes == 0);
}
