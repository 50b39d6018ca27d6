// What a put waits for with each engine: messages and syncs, one behind the other. The simulator's
// clock shows it, where one of them takes its time and nothing else does. docs/ENGINES.md has the
// figures.
#include "base/invariant.hpp"
#include "check/history.hpp"
#include "sim/checkers/violation.hpp"
#include "sim/simulation.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace pmmc;
using namespace pmmc::sim;

namespace {

/// Three processes, one client that asks for one operation at a time, and no faults. A message
/// takes `message`, a sync takes `sync`.
scenario calm(engine_kind engine, sim_time message, sim_time sync) {
  auto s = trial_scenario(7, trial_kind::none);
  s.engine = engine;
  s.colocated = true;
  s.servers = s.acceptors = s.leaders = s.replicas = 3;
  s.clients = 1;
  s.in_flight = 1;
  s.operations = 60;
  s.delay_least = message;
  s.sync_least = sync;
  s.delay_spread = s.sync_spread = s.save_spread = 0;
  s.fault_phase = 30 * second;
  return s;
}

/// How often its `unit` fits into the time of a write, in the quickest run of one: of all seeds,
/// so that the client has asked at each server.
std::set<sim_time> costs_of_writes(engine_kind engine, sim_time message, sim_time sync) {
  set_invariant_handler([](const char* condition, const char* meaning) {
    throw violation{std::string{meaning} + " (" + condition + ")"};
  });
  const auto unit = std::max(message, sync);
  std::set<sim_time> quickest;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    auto s = calm(engine, message, sync);
    s.seed = seed;
    simulation run{s, {}};
    run.run();
    auto least = 10 * second;
    for (const auto& o : run.seen())
      if (const auto call = check::recorded_call(o.op);
          call && call->kind == check::operation_kind::put && o.end == operation_end::answered)
        least = std::min(least, o.returned - o.called);
    quickest.insert(least / unit);
  }
  return quickest;
}

} // namespace

TEST_CASE("a put's messages: two for the client, two a round trip, two if it is handed on") {
  constexpr sim_time message = 5 * millisecond;
  for (const auto engine : all_engines) {
    const auto costs = costs_of_writes(engine, message, 0);
    for (const auto c : costs)
      MESSAGE(to_string(engine) << " messages " << c);
  }
}

TEST_CASE("a put's syncs, one behind the other") {
  constexpr sim_time sync = 5 * millisecond;
  for (const auto engine : all_engines) {
    const auto costs = costs_of_writes(engine, 0, sync);
    for (const auto c : costs)
      MESSAGE(to_string(engine) << " syncs " << c);
  }
}
