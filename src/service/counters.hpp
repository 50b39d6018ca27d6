// What those count for their operators that hold the state and answer clients: replicas, and the
// servers of other engines. Everything starts at 0 with the process, and only grows but for the
// gauges.
#pragma once

#include "base/histogram.hpp"
#include "base/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pmmc {

inline constexpr std::array<double, 13> request_count_bounds{1,   2,   4,   8,     16,    32,   64,
                                                             128, 256, 512, 1'024, 2'048, 4'096};
inline constexpr std::array<double, 8> byte_bounds{64,     256,    1'024,   4'096,
                                                   16'384, 65'536, 262'144, 1'048'576};

struct service_counters {
  std::uint64_t slots_performed = 0;
  std::uint64_t requests_handed_on = 0; ///< to the replica that proposes, or the leader
  std::uint64_t read_rounds = 0;
  std::uint64_t snapshots_saved = 0;
  std::uint64_t snapshots_unreadable = 0;         ///< written, and thrown away: not to be restored
  std::uint64_t snapshots_installed = 0;          ///< fetched from another one
  histogram batch_requests{request_count_bounds}; ///< of each own proposal with requests
  histogram batch_bytes{byte_bounds};
};

/// How one is at the moment.
struct service_gauges {
  std::uint64_t window = 0;         ///< WINDOW, in slots
  std::size_t pending_requests = 0; ///< all that wait for their answer
  std::size_t pending_bytes = 0;    ///< of their operations
  std::size_t queued_requests = 0;  ///< of these, not proposed or handed on yet
  std::size_t waiting_reads = 0;    ///< queries without their answer
  std::size_t proposals = 0;        ///< own slots that are not decided yet
  slot_num lag = 0;                 ///< slots known to be decided anywhere, but not performed here
  std::size_t differing_replicas = 0; ///< have done something else
  bool fetching_snapshot = false;
  bool is_member = true;                  ///< of a configuration in force or pending
  std::size_t pending_configurations = 0; ///< decided, and not in force yet
  std::size_t voters_heard = 0;           ///< of the configuration in force, lately
  std::string trouble;                    ///< why nothing can be decided at present; empty: it can
};

} // namespace pmmc
