// All that a simulated cluster has to do with Redis: ports, clients, their connections and clocks.
#pragma once

#include "sim/ahead_client.hpp"
#include "sim/filling_client.hpp"
#include "sim/opening_client.hpp"
#include "sim/redis_client_host.hpp"
#include "sim/redis_crowd.hpp"
#include "sim/redis_history.hpp"
#include "sim/redis_port_host.hpp"
#include "sim/redis_trial.hpp"
#include "sim/redis_wire.hpp"
#include "sim/wall_clocks.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pmmc::sim {

class redis_side {
public:
  explicit redis_side(world& w) : world_(w), wire_(w) {}

  /// After all other clients, so that these keep their numbers.
  void add_clients();
  /// A process of the cluster is about to start: if it has a replica or server, it has a port, too.
  void give_port(std::size_t process);
  /// The faults are over.
  void calm_down();
  /// All is answered, and all connections have ended.
  bool is_done();
  bool is_quiet(std::string& why) const;
  /// H2, W2, X3. `times`: when the model's effects were performed. Throws violation.
  void check(std::span<const sim_time> times) const;

private:
  world& world_;
  redis_wire wire_;
  wall_clocks clocks_;
  redis_history history_;
  std::map<std::size_t, std::unique_ptr<redis_port_host>> ports_; ///< by process
  std::vector<std::unique_ptr<redis_client_host>> clients_;
  std::unique_ptr<redis_crowd> crowd_; ///< in the process of the first client
  std::unique_ptr<redis_trial> trial_;
  std::unique_ptr<ahead_client> ahead_;
  std::unique_ptr<opening_client> opening_;
  std::unique_ptr<filling_client> filling_;
};

} // namespace pmmc::sim
