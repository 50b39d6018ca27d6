// What becomes of simulated processes: they start, notice each other, tick and stop. When, is up to
// who drives them: the clock of a run (simulation), or a script.
#pragma once

#include "sim/host.hpp"
#include "sim/meetings.hpp"

namespace pmmc::sim {

class lifecycle {
public:
  lifecycle(world& w, meetings& met) : world_(w), met_(met) {}

  /// Whether its directories are there, and nobody has put an end to it.
  bool may_start(std::size_t process);
  /// Whether the address is free at which it is to listen, if it listens at all.
  bool has_address(std::size_t process);
  /// Precondition: it is down, and both hold. It may die of what it finds on its disks.
  void start(std::size_t process);
  /// To be called when somebody crashes: what those had in memory is gone.
  void stop_crashed();
  /// Precondition: it is up.
  void tick(std::size_t process);
  /// What a role waited for has come, if its process is the same; when it goes on, if it is paused.
  void wake(const event& e);
  void hear(const event& news);

private:
  process_set heard_by(std::size_t process) const;
  void flip_bit(process& p);

  world& world_;
  meetings& met_;
};

} // namespace pmmc::sim
