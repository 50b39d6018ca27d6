// What a put waits for with each engine: messages and syncs, one behind the other. The simulator's
// clock shows it, where one of them takes its time and nothing else does. docs/ENGINES.md has the
// figures.
#include "base/invariant.hpp"
#include "check/kv_record.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/simulation.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

/// Three processes, one client that asks for one operation at a time, and no faults. A message
/// takes `message`, a sync takes `sync`.
scenario calm(engine_kind engine, sim_time message, sim_time sync) {
  auto s = trial_scenario(7, trial_kind::none);
  s.engine = engine;
  s.colocated = true;
  const bool has_servers = engine != engine_kind::pmmc;
  s.servers = has_servers ? 3 : 0;
  s.acceptors = s.leaders = s.replicas = has_servers ? 0 : 3;
  s.clients = 1;
  s.in_flight = 1;
  s.operations = 60;
  s.delay_least = message;
  s.sync_least = sync;
  s.delay_spread = s.sync_spread = s.save_spread = 0;
  s.fault_phase = 30 * second;
  return s;
}

/// How often a message, or a sync, fits into the time of a put that nothing else holds up: the
/// quickest one, at the server that proposes.
sim_time least_cost_of_a_put(engine_kind engine, sim_time message, sim_time sync) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw violation{std::string{meaning} + " (" + condition + ")"};
  });
  auto least = 10 * second;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto s = calm(engine, message, sync);
    s.seed = seed;
    simulation run{s, {}};
    run.run();
    for (const auto& o : run.seen())
      if (const auto call = check::recorded_call(o.op);
          call && call->kind == check::operation_kind::put && o.end == operation_end::answered)
        least = std::min(least, o.returned - o.called);
  }
  return least / std::max(message, sync);
}

} // namespace

TEST_CASE("a put's messages: two of the client, and two a round trip") {
  constexpr sim_time message = 5 * millisecond;
  CHECK(least_cost_of_a_put(engine_kind::pmmc, message, 0) == 2 + 2);
  CHECK(least_cost_of_a_put(engine_kind::raft, message, 0) == 2 + 2);
  CHECK(least_cost_of_a_put(engine_kind::simple, message, 0) == 2 + 4);
}

TEST_CASE("a put's syncs, one behind the other") {
  constexpr sim_time sync = 5 * millisecond;
  CHECK(least_cost_of_a_put(engine_kind::pmmc, 0, sync) == 1);
  CHECK(least_cost_of_a_put(engine_kind::raft, 0, sync) == 1);
  CHECK(least_cost_of_a_put(engine_kind::simple, 0, sync) == 4);
}
