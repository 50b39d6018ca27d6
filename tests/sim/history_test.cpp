// What the clients of a run saw, and where in the log it seems to have happened.
#include "sim/history.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"

#include <doctest/doctest.h>

using namespace pmmc::sim;
namespace kv = pmmc::kv;
using pmmc::check::no_guess;

namespace {

recorded_operation seen(const kv::transaction& op, operation_end end, std::string answer = {},
                        sim_time called = 0, sim_time returned = 10) {
  return {"c1", encode(op), std::move(answer), called, returned, end};
}

std::vector<pmmc::check::guess> guessed(const history& all,
                                        const std::vector<kv_model::effect>& effects,
                                        std::vector<sim_time> times = {1, 2, 3}) {
  times.resize(effects.size());
  return guess_order(all, effects, times);
}

const auto put_x = kv::put("k", "x");
const auto add_1 = kv::incr("n");
const auto swap_x = kv::cas("k", "x", "y");

/// Of an empty store.
std::string answer_to(const kv::transaction& t) { return kv::kv_store{}.apply(encode(t)); }

const auto ok = answer_to(put_x);

std::string number(std::int64_t n) { return answer_to(kv::incr("n", n)); }

} // namespace

TEST_CASE("an operation is guessed to be the effect that gave its answer") {
  const history all{seen(add_1, operation_end::answered, number(2)),
                    seen(put_x, operation_end::answered, ok),
                    seen(add_1, operation_end::answered, number(1))};
  const std::vector<kv_model::effect> effects{
      {encode(add_1), number(1)}, {encode(put_x), ok}, {encode(add_1), number(2)}};
  CHECK(guessed(all, effects) == std::vector<pmmc::check::guess>{2, 1, 0});
}

TEST_CASE("one of unknown outcome is guessed to be an effect that is nobody else's, or none") {
  const history all{seen(add_1, operation_end::unknown),
                    seen(add_1, operation_end::answered, number(1)),
                    seen(add_1, operation_end::unknown), seen(put_x, operation_end::not_executed)};
  const std::vector<kv_model::effect> effects{{encode(add_1), number(1)},
                                              {encode(add_1), number(2)}};
  CHECK(guessed(all, effects) == std::vector<pmmc::check::guess>{1, 0, no_guess, no_guess});
}

TEST_CASE("one of unknown outcome that changed nothing is guessed to be none") {
  const std::vector<kv_model::effect> effects{{encode(swap_x), answer_to(swap_x)}};
  CHECK(guessed({seen(swap_x, operation_end::unknown)}, effects) ==
        std::vector<pmmc::check::guess>{no_guess});
}

TEST_CASE(
    "of effects with the same answer, each is somebody's who had asked and was not yet told") {
  const std::vector<kv_model::effect> twice{{encode(add_1), number(1)}, {encode(add_1), number(1)}};
  const auto one = [](sim_time called, sim_time returned) {
    return seen(add_1, operation_end::answered, number(1), called, returned);
  };
  CHECK(guessed({one(4, 6)}, twice, {2, 5}) == std::vector<pmmc::check::guess>{1});
  CHECK(guessed({one(0, 9), one(1, 3)}, twice, {2, 5}) == std::vector<pmmc::check::guess>{1, 0});
  CHECK(guessed({one(0, 9), one(4, 6)}, twice, {2, 5}) == std::vector<pmmc::check::guess>{0, 1});
}
