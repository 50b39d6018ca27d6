// A state of the whole cluster: its processes and every message sent so far, as numbers of a
// universe.
#pragma once

#include "search/universe.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::search {

struct cluster_state {
  /// Acceptors and leaders by number, as in first_processes(); behind them the scouts, commanders
  /// and reports, sorted (two may be equal).
  std::vector<part_id> processes;
  std::vector<part_id> messages; ///< sorted; a set
};

/// Appends `s` in few bytes: about one for each message.
void pack(std::string& out, const cluster_state& s);
/// Takes one state off the front of what pack() wrote.
void unpack(std::string_view& from, cluster_state& s);

/// The sums of the parts' hashes under each renaming.
renamed_hashes message_sums(const universe& u, std::span<const part_id> messages);
renamed_hashes process_sums(const universe& u, std::span<const part_id> processes);
renamed_hashes operator+(renamed_hashes a, const renamed_hashes& b);
renamed_hashes operator-(renamed_hashes a, const renamed_hashes& b);

} // namespace pmmc::search
