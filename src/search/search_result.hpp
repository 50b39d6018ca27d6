// What a search is asked for, and what it tells.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pmmc::search {

struct search_options {
  unsigned jobs = 1;             ///< threads
  std::uint64_t most_states = 0; ///< stop after about so many; 0: when all have been seen
};

struct search_result {
  std::uint64_t states = 0;       ///< distinct, up to the processes' names
  std::uint64_t named_states = 0; ///< distinct without that reduction
  std::uint64_t transitions = 0;
  std::uint64_t decided_states = 0; ///< `states` in which some slot is decided
  std::uint64_t conflict_states =
      0;                    ///< `states` in which values compete: two were proposed for a slot
  unsigned depth = 0;       ///< steps to the farthest state that was looked at
  bool is_complete = false; ///< every reachable state was looked at
  double seconds = 0;
  std::uint64_t process_states = 0; ///< distinct states of single processes
  std::uint64_t messages = 0;       ///< distinct messages
  std::uint64_t core_steps = 0;     ///< distinct steps of the real core that were run
  std::uint64_t memory_bytes = 0;   ///< of the table of states and the frontier, at most

  std::string broken;             ///< the invariant, or ""
  std::vector<std::string> trace; ///< the shortest way to it, a line for each step

  double states_per_second() const {
    return seconds > 0 ? static_cast<double>(states) / seconds : 0;
  }
  /// An upper bound of the probability that any two states had the same 64-bit hash, so that one of
  /// them was not looked at.
  double collision_probability() const {
    const auto n = static_cast<double>(states);
    return n * n / 3.6893488147419103e19; // n (n - 1) / 2 pairs, each with 2^-64
  }
};

/// Called about once a second, with what has been found so far.
using search_progress = std::function<void(const search_result&)>;

} // namespace pmmc::search
