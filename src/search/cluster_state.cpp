#include "search/cluster_state.hpp"

#include "base/codec.hpp"

namespace pmmc::search {

namespace {

/// The last step of splitmix64 (see random.hpp): a bijection without pattern.
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

} // namespace

void pack(std::string& out, const cluster_state& s) {
  put_varint(out, s.processes.size());
  for (const auto id : s.processes)
    put_varint(out, id);
  put_varint(out, s.messages.size());
  part_id last = 0;
  for (const auto id : s.messages) {
    put_varint(out, id - last);
    last = id;
  }
}

void unpack(std::string_view& from, cluster_state& s) {
  byte_reader in{from};
  s.processes.resize(in.varint());
  for (auto& id : s.processes)
    id = static_cast<part_id>(in.varint());
  s.messages.resize(in.varint());
  part_id last = 0;
  for (auto& id : s.messages)
    id = last += static_cast<part_id>(in.varint());
  from = in.rest();
}

renamed_hashes operator+(renamed_hashes a, const renamed_hashes& b) {
  for (unsigned r = 0; r < most_renamings; ++r)
    a[r] += b[r];
  return a;
}

renamed_hashes operator-(renamed_hashes a, const renamed_hashes& b) {
  for (unsigned r = 0; r < most_renamings; ++r)
    a[r] -= b[r];
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

} // namespace pmmc::search
