#include "search/cluster_state.hpp"

#include "search/hash_sums.hpp"

namespace pmmc::search {

void pack(std::string& out, const cluster_state& s) {
  pack_ids(out, s.processes);
  pack_sorted_ids(out, s.messages);
}

void unpack(std::string_view& from, cluster_state& s) {
  byte_reader in{from};
  unpack_ids(in, s.processes);
  unpack_sorted_ids(in, s.messages);
  from = in.rest();
}

renamed_hashes operator+(renamed_hashes a, const renamed_hashes& b) {
  add(a, b, most_renamings);
  return a;
}

renamed_hashes operator-(renamed_hashes a, const renamed_hashes& b) {
  subtract(a, b, most_renamings);
  return a;
}

renamed_hashes message_sums(const universe& u, std::span<const part_id> messages) {
  renamed_hashes sums{};
  for (const auto id : messages)
    sums = sums + u.message(id).hashes;
  return sums;
}

renamed_hashes process_sums(const universe& u, std::span<const part_id> processes) {
  renamed_hashes sums{};
  for (const auto id : processes)
    sums = sums + u.process_state(id).hashes;
  return sums;
}

} // namespace pmmc::search
