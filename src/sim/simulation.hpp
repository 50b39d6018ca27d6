// A whole cluster in one thread: the roles of src/, unchanged, in a world that follows from a seed.
#pragma once

#include "sim/client_host.hpp"
#include "sim/lifecycle.hpp"
#include "sim/nemesis.hpp"
#include "sim/redis_side.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pmmc::sim {

/// How a run ended.
struct result {
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  std::string broken; ///< empty, or the invariant's name, a colon, and what happened
  summary facts;
};

struct watch {
  std::function<void(sim_time, const std::string&)> tell; ///< see trace
  bool messages = false;
  std::uint64_t most_steps = 0; ///< events, after which faults end; 0: as the scenario says
};

/// Runs a scenario to its end: faults first, then a calm time in which everything must be answered
/// and the cluster come to rest. A function of its arguments. Takes over the handler of broken
/// invariants (invariant.hpp).
result run(const scenario& s, const watch& w = {});

class simulation {
public:
  simulation(const scenario& s, const watch& w);

  /// Throws violation.
  void run();
  const world& state() const { return world_; }
  world& state() { return world_; }
  const history& seen() const { return history_; }
  /// Of all disks, as facts.
  void count_disk_hits();

private:
  void add_clients();
  void start(std::size_t p);
  void step(const event& e);
  void play_until(sim_time end, const std::function<bool()>& done);
  void demand_answers();
  void demand_rest();
  bool at_rest(std::string& why) const;
  void check_history() const;

  scenario options_;
  std::uint64_t most_steps_;
  world world_;
  history history_;
  std::vector<sim_time> effect_times_; ///< when the model performed what
  roster members_;
  lifecycle lives_;
  redis_side redis_;
  std::vector<std::unique_ptr<client_host>> clients_;
  nemesis nemesis_;
  bool faults_over_ = false;
};

} // namespace pmmc::sim
