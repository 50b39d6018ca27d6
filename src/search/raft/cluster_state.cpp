#include "search/raft/cluster_state.hpp"

#include "base/codec.hpp"

namespace pmmc::raft::search {

namespace {

/// The last step of splitmix64 (see random.hpp): a bijection without pattern.
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

} // namespace

cluster_state first_state(const universe& u) { return {u.first_servers(), u.first_history(), {}}; }

void pack(std::string& out, const cluster_state& s) {
  put_varint(out, s.servers.size());
  for (const auto id : s.servers)
    put_varint(out, id);
  put_varint(out, s.past);
  put_varint(out, s.messages.size());
  part_id last = 0;
  for (const auto id : s.messages) {
    put_varint(out, id - last);
    last = id;
  }
}

void unpack(std::string_view& from, cluster_state& s) {
  byte_reader in{from};
  s.servers.resize(in.varint());
  for (auto& id : s.servers)
    id = static_cast<part_id>(in.varint());
  s.past = static_cast<part_id>(in.varint());
  s.messages.resize(in.varint());
  part_id last = 0;
  for (auto& id : s.messages)
    id = last += static_cast<part_id>(in.varint());
  from = in.rest();
}

void add(renamed_hashes& sums, const renamed_hashes& part, unsigned renamings) {
  for (unsigned r = 0; r < renamings; ++r)
    sums[r] += part[r];
}

void subtract(renamed_hashes& sums, const renamed_hashes& part, unsigned renamings) {
  for (unsigned r = 0; r < renamings; ++r)
    sums[r] -= part[r];
}

renamed_hashes sums_of(const universe& u, const cluster_state& s) {
  renamed_hashes sums{};
  for (const auto id : s.servers)
    add(sums, u.server(id).hashes, u.renamings());
  add(sums, u.past(s.past).hashes, u.renamings());
  for (const auto id : s.messages)
    add(sums, u.message(id).hashes, u.renamings());
  return sums;
}

std::uint64_t canonical_hash(const renamed_hashes& sums, unsigned renamings) {
  std::uint64_t all = 0;
  for (unsigned r = 0; r < renamings; ++r)
    all += mixed(sums[r]);
  all = mixed(all);
  return all == 0 ? 1 : all;
}

unsigned orbit_size(const renamed_hashes& sums, unsigned renamings) {
  unsigned same = 0;
  for (unsigned r = 0; r < renamings; ++r)
    same += sums[r] == sums[0];
  return renamings / same;
}

} // namespace pmmc::raft::search
