// Who reaches whom, how late, and what gets lost on the way. Knows processes by their numbers.
#pragma once

#include "base/random.hpp"
#include "sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace pmmc::sim {

inline constexpr std::size_t max_processes = 64;
using process_set = std::uint64_t; ///< a bit for each

/// Every decision about a message is a function of the seed, its link and its place on that link.
/// So if a run is repeated without one of its faults, the rest of it stays much as it was.
class network {
public:
  explicit network(const scenario& s);

  /// When the copies of a message that is sent now arrive: none, one or two times.
  struct passage {
    std::array<sim_time, 2> arrive_at{};
    std::size_t copies = 0;
  };
  passage carry(std::size_t from, std::size_t to, sim_time now);

  /// The connections of two processes: another one after each break.
  std::uint32_t connection(std::size_t a, std::size_t b) const { return connections_[place(a, b)]; }
  void break_connection(std::size_t a, std::size_t b) { ++connections_[place(a, b)]; }

  /// Cuts add up: a link works again when all of them are gone.
  void cut(std::size_t from, std::size_t to) { change(from, to, 1); }
  void mend(std::size_t from, std::size_t to) { change(from, to, -1); }
  void mend_all();
  /// The processes whose messages do not get through to `to`.
  process_set deaf_to(std::size_t to) const { return cut_[to]; }

  /// A disturbance of all links of the processes in `whose`.
  struct noise {
    process_set whose = 0;
    unsigned loss_permille = 0;
    unsigned duplicate_permille = 0;
    sim_time delay_spread = 0;
  };
  void begin(std::size_t number, const noise& n);
  void end(std::size_t number);
  /// From now on nothing is lost, repeated or held up, whatever the scenario says.
  void calm_down();

private:
  static std::size_t place(std::size_t a, std::size_t b) {
    return std::min(a, b) * max_processes + std::max(a, b);
  }
  void change(std::size_t from, std::size_t to, int by);

  std::uint64_t seed_;
  sim_time delay_least_;
  sim_time delay_spread_;
  bool in_order_;
  unsigned loss_permille_;
  unsigned duplicate_permille_;
  std::array<std::array<int, max_processes>, max_processes> cuts_{}; ///< [to][from]
  std::array<process_set, max_processes> cut_{};
  struct link {
    std::uint64_t sent = 0;
    sim_time last_arrival = 0;
  };
  std::vector<link> links_;
  std::vector<std::uint32_t> connections_; ///< by two processes: how many were before
  std::vector<std::pair<std::size_t, noise>> noises_;
};

} // namespace pmmc::sim
