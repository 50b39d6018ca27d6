#include "storage/snapshot_format.hpp"

#include "storage/bytes.hpp"
#include "storage/checksum.hpp"
#include "storage/format_file.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace {

constexpr std::string_view snapshot_magic = "pmmcsnap";
constexpr std::size_t checksum_bytes = 8;

} // namespace

std::string snapshot_header(const std::string& cluster, slot_num slot) {
  std::string out{snapshot_magic};
  put_u32(out, storage_format_version);
  put_u32(out, static_cast<std::uint32_t>(cluster.size()));
  out += cluster;
  put_u64(out, slot);
  put_u64(out, checksum(out));
  return out;
}

std::optional<std::uint32_t> version_told_by(std::string_view header) {
  const auto checked = header.substr(0, header.size() - std::min(header.size(), checksum_bytes));
  fixed_reader in{checked};
  const bool ours = in.take(snapshot_magic.size()) == snapshot_magic;
  const auto version = in.u32();
  fixed_reader told{header.substr(checked.size())};
  if (!ours || !in.good() || told.u64() != checksum(checked))
    return std::nullopt;
  return version;
}

std::string chunk_head(std::uint64_t index, std::string_view payload) {
  std::string out;
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u64(out, checksum(payload, index)); // the index is the seed: chunks cannot change places
  return out;
}

std::string snapshot_footer(std::uint64_t total, std::uint64_t payload_checksum) {
  std::string out;
  put_u32(out, 0);
  put_u64(out, total);
  put_u64(out, payload_checksum);
  put_u64(out, checksum(out));
  return out;
}

} // namespace pmmc::storage
