// Histories of the size that tests with real processes record.
#include "check/linearizability.hpp"
#include "random_history.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace pmmc::check;
using namespace pmmc::testing;

namespace {

const std::vector<operation_kind> all_kinds = {
    operation_kind::put,    operation_kind::get, operation_kind::get, operation_kind::append,
    operation_kind::append, operation_kind::cas, operation_kind::del, operation_kind::incr};

/// Twenty increments that nobody was told about, of which every other one took effect: no sum of
/// others is the same.
history silent_increments() {
  history all;
  std::int64_t sum = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto& op = all.emplace_back();
    op.client = "a";
    op.kind = operation_kind::incr;
    op.key = "k";
    op.by = std::int64_t{1} << i;
    op.call_ns = i;
    sum += i % 2 == 1 ? op.by : 0;
  }
  auto& read = all.emplace_back();
  read.client = "b";
  read.key = "k";
  read.result = result_kind::ok;
  read.told = std::to_string(sum);
  read.call_ns = 100;
  read.return_ns = 101;
  return all;
}

/// Some read in the last quarter that returned a value.
operation& late_read(history& all) {
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 3 / 4);
  const auto at = std::find_if(from, all.end(), [](const operation& op) {
    return op.kind == operation_kind::get && op.result == result_kind::ok;
  });
  REQUIRE(at != all.end());
  return *at;
}

void accept_and_refuse(const std::string& what, const history_shape& shape) {
  INFO(what);
  std::mt19937_64 random{20150217};
  auto all = random_history(random, shape);
  const auto good = check_history(all);
  CHECK(good.outcome == verdict::linearizable);
  CHECK(good.operations >= shape.operations);
  MESSAGE(what, ": ", good.states, " states, ", good.unknown, " unknown");

  auto& read = late_read(all);
  read.told = std::get<std::string>(read.told) + "?";
  const auto key = read.key;
  const auto bad = check_history(all);
  CHECK(bad.outcome == verdict::not_linearizable);
  CHECK(bad.keys_not_linearizable == std::vector<std::string>{key});
}

} // namespace

TEST_CASE("100,000 operations of 32 clients on 300 keys") {
  accept_and_refuse("all kinds", {.operations = 100'000,
                                  .clients = 32,
                                  .keys = 300,
                                  .values = 0,
                                  .unknown = 0.0005,
                                  .kinds = all_kinds});
}

TEST_CASE("100,000 operations of 64 clients on 4 keys") {
  accept_and_refuse("a register", {.operations = 100'000,
                                   .clients = 64,
                                   .keys = 4,
                                   .values = 0,
                                   .unknown = 0.0002,
                                   .kinds = {operation_kind::put, operation_kind::get,
                                             operation_kind::get, operation_kind::cas}});
}

TEST_CASE("a right guess at the order leaves nothing to search") {
  auto all = silent_increments();
  std::vector<guess> guesses(all.size(), no_guess);
  for (std::size_t i = 1; i < 20; i += 2)
    guesses[i] = i;
  limits few;
  few.max_states = 12;
  CHECK(check_history(all, few).outcome == verdict::gave_up);
  CHECK(check_history(all, few, guesses).outcome == verdict::linearizable);
  all.back().told = std::string{"-1"};
  CHECK(check_history(all, {}, guesses).outcome == verdict::not_linearizable);
}
