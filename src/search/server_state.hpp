// A state of the whole cluster, for engines whose processes are all servers: the servers, what is
// remembered of earlier states, and every message sent so far, as numbers of a universe.
#pragma once

#include "search/hash_sums.hpp"
#include "search/part_ids.hpp"
#include "search/server_names.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pmmc::search {

struct server_state {
  std::vector<part_id> servers; ///< by number
  part_id past = 0;
  std::vector<part_id> messages; ///< sorted; a set
};

/// Appends `s` in few bytes: about one for each message.
inline void pack(std::string& out, const server_state& s) {
  pack_ids(out, s.servers);
  put_varint(out, s.past);
  pack_sorted_ids(out, s.messages);
}

/// Takes one state off the front of what pack() wrote.
inline void unpack(std::string_view& from, server_state& s) {
  byte_reader in{from};
  unpack_ids(in, s.servers);
  s.past = static_cast<part_id>(in.varint());
  unpack_sorted_ids(in, s.messages);
  from = in.rest();
}

/// The sums of the parts' hashes under each renaming.
template <class Universe>
server_hashes sums_of(const Universe& u, const server_state& s) {
  server_hashes sums{};
  for (const auto id : s.servers)
    add(sums, u.server(id).hashes, u.renamings());
  add(sums, u.past(s.past).hashes, u.renamings());
  for (const auto id : s.messages)
    add(sums, u.message(id).hashes, u.renamings());
  return sums;
}

} // namespace pmmc::search
