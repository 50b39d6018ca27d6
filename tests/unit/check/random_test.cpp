// Random histories: what is linearizable by construction is accepted, and verdicts on small ones
// are those of a search of all orders. PMMC_SEED=N repeats a run, PMMC_RUNS=N makes more of them.
#include "check/linearizability.hpp"
#include "random_history.hpp"
#include "reference.hpp"
#include "seeds.hpp"

#include <cstdlib>
#include <doctest/doctest.h>

using namespace pmmc::check;
using namespace pmmc::testing;

namespace {

const std::vector<operation_kind> everything = {operation_kind::put,    operation_kind::get,
                                                operation_kind::append, operation_kind::del,
                                                operation_kind::cas,    operation_kind::incr};
const std::vector<operation_kind> plain_register = {operation_kind::put, operation_kind::get,
                                                    operation_kind::get, operation_kind::cas};
const std::vector<operation_kind> list = {operation_kind::append, operation_kind::append,
                                          operation_kind::get};
const std::vector<operation_kind> counter = {operation_kind::incr, operation_kind::incr,
                                             operation_kind::get};

std::vector<operation_kind> some_kinds(std::mt19937_64& random) {
  const std::vector<std::vector<operation_kind>> all = {everything, plain_register, list, counter};
  return all[random() % all.size()];
}

/// Each operation somewhere, or nowhere.
std::vector<guess> wild_guesses(std::mt19937_64& random, std::size_t operations) {
  std::vector<guess> guesses;
  for (std::size_t i = 0; i < operations; ++i)
    guesses.push_back(random() % 4 == 0 ? no_guess : random() % operations);
  return guesses;
}

std::string text_of(const history& all) {
  std::string text;
  for (const auto& op : all)
    text +=
        "\n" + std::to_string(op.call_ns) + "–" + std::to_string(op.return_ns) + " " + describe(op);
  return text;
}

} // namespace

TEST_CASE("verdicts on small random histories are those of brute force") {
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  for_seeds(40'000, [&](std::uint64_t seed) {
    std::mt19937_64 random{seed};
    history_shape shape;
    shape.operations = 1 + random() % 7;
    shape.clients = 1 + random() % 5;
    shape.values = random() % 4;
    shape.unknown = random() % 2 == 0 ? 0 : 0.25;
    shape.kinds = some_kinds(random);
    auto all = random_history(random, shape);
    all.resize(std::min<std::size_t>(all.size(), 7)); // a prefix of what returned: maybe not good
    for (auto mutations = random() % 3; mutations > 0; --mutations)
      mutate(random, all);
    CAPTURE(text_of(all));
    const bool expected = is_linearizable_by_brute_force(all);
    (expected ? good : bad) += 1;
    const auto outcome = expected ? verdict::linearizable : verdict::not_linearizable;
    REQUIRE(check_history(all).outcome == outcome);
    REQUIRE(check_history(all, {}, wild_guesses(random, all.size())).outcome == outcome);
  });
  MESSAGE(good, " linearizable, ", bad, " not");
  if (std::getenv("PMMC_RUNS") == nullptr) {
    CHECK(good > 5'000);
    CHECK(bad > 5'000);
  }
}

TEST_CASE("what a store answers is accepted, however much overlaps") {
  for_seeds(300, [](std::uint64_t seed) {
    std::mt19937_64 random{seed};
    history_shape shape;
    shape.operations = 200 + random() % 800;
    shape.clients = 1 + random() % 8;
    shape.keys = 1 + random() % 3;
    shape.values = 0;
    shape.unknown = random() % 2 == 0 ? 0 : 0.01;
    shape.kinds = some_kinds(random);
    const auto all = random_history(random, shape);
    REQUIRE(check_history(all).outcome == verdict::linearizable);
  });
}
