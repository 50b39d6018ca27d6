// Carries out the faults of a scenario, and takes them back.
#pragma once

#include "sim/mistakes.hpp"
#include "sim/roster.hpp"
#include "sim/world.hpp"

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace pmmc::sim {

class nemesis {
public:
  nemesis(world& w, roster& m) : world_(w), roster_(m), mistakes_(w, m) {}

  /// `number`: of the fault, in the scenario.
  void begin(std::size_t number);
  /// Its time is over.
  void end(std::size_t number);
  /// Takes everything back but what is gone for good.
  void heal();

private:
  using links = std::vector<std::pair<std::size_t, std::size_t>>;

  void strike(std::size_t number, const fault& f, random_source& dice);
  void end_later(std::size_t number, const fault& f);
  void crash(const fault& f, random_source& dice);
  void doom(const fault& f, random_source& dice);
  void power_cut(const fault& f);
  void pause(const fault& f, random_source& dice);
  void break_connection(random_source& dice);
  void disturb(std::size_t number, const fault& f, random_source& dice);
  void fail_disk(std::size_t number, random_source& dice);
  void change_clock(const fault& f, random_source& dice);
  void damage(const fault& f, random_source& dice);
  void cut_links(std::size_t number, fault_kind kind, random_source& dice);
  links links_for(fault_kind kind, random_source& dice) const;
  void flap(std::size_t number, const fault& f);
  void lie_in_wait(std::size_t number, const fault& f);

  std::size_t pick(random_source& dice) const;

  world& world_;
  roster& roster_;
  mistakes mistakes_;
  std::map<std::size_t, links> cuts_;            ///< by number of the fault
  std::map<std::size_t, std::size_t> victims_;   ///< likewise
  std::map<std::size_t, sim_time> flapping_end_; ///< likewise
};

} // namespace pmmc::sim
