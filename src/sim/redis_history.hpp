// What the Redis clients of a run asked for and saw.
#pragma once

#include "sim/history.hpp"
#include "sim/resp_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::sim {

/// A command that was sent. `marker`: what tells its call in the log from all others, as
/// `marker_of` has it; empty: nothing does.
struct redis_command {
  std::vector<std::string> words;
  std::string marker = {};
  bool writes = false;
};

struct redis_watch {
  std::vector<std::string> keys;
  sim_time called = 0;
  std::optional<sim_time> returned = {}; ///< OK
  bool failed = false;                   ///< nothing is watched
};

/// What has one outcome: a command, or all from MULTI to EXEC.
struct redis_record {
  std::string client;
  std::uint32_t connection = 0; ///< on which it was sent first; they have their order
  std::vector<redis_command> commands;
  bool is_exec = false;
  std::optional<std::size_t> watch = {}; ///< a place in redis_history::watches
  std::string session = {};              ///< PMMC REQ
  std::uint64_t number = 0;
  sim_time called = 0;
  sim_time returned = 0;
  operation_end end = operation_end::open;
  resp_value reply = {};
};

struct redis_history {
  std::vector<redis_record> records; ///< by `called`
  std::vector<redis_watch> watches;
  std::uint64_t last_unique = 1'000; ///< of the numbers that make markers
};

} // namespace pmmc::sim
