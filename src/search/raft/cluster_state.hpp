// A state of the whole cluster: its servers, what it remembers, and every message sent so far, as
// numbers of a universe.
#pragma once

#include "search/raft/universe.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::raft::search {

struct cluster_state {
  std::vector<part_id> servers; ///< by number
  part_id past = 0;
  std::vector<part_id> messages; ///< sorted; a set
};

cluster_state first_state(const universe& u);

/// Appends `s` in few bytes: about one for each message.
void pack(std::string& out, const cluster_state& s);
/// Takes one state off the front of what pack() wrote.
void unpack(std::string_view& from, cluster_state& s);

/// The sums of the parts' hashes under each renaming.
renamed_hashes sums_of(const universe& u, const cluster_state& s);
void add(renamed_hashes& sums, const renamed_hashes& part, unsigned renamings);
void subtract(renamed_hashes& sums, const renamed_hashes& part, unsigned renamings);

/// Equal for states that differ in the servers' names only. Never 0.
std::uint64_t canonical_hash(const renamed_hashes& sums, unsigned renamings);
/// How many states share the canonical hash by having other names.
unsigned orbit_size(const renamed_hashes& sums, unsigned renamings);

} // namespace pmmc::raft::search
