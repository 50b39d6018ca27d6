// The bytes of a snapshot file (docs/STORAGE.md). Internal.
#pragma once

#include "base/types.hpp"
#include "storage/storage_error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// The file is not a good snapshot: as opposed to one that could not be read.
struct snapshot_damaged : storage_error {
  using storage_error::storage_error;
};

inline constexpr std::size_t max_chunk_bytes = 64 << 10;
inline constexpr std::size_t chunk_head_bytes = 12; ///< length and checksum
inline constexpr std::size_t footer_bytes = 28;

/// What stands before the first chunk, in every version of the format.
std::string snapshot_header(const std::string& cluster, slot_num slot);

/// The version that `header` tells if it is undamaged, of the right cluster and slot or not.
std::optional<std::uint32_t> version_told_by(std::string_view header);

/// Length and checksum of the chunk `index` (from 1); the payload follows.
std::string chunk_head(std::uint64_t index, std::string_view payload);

/// A length of 0, then bytes and checksum of all payloads, then the checksum of the footer itself.
std::string snapshot_footer(std::uint64_t total, std::uint64_t payload_checksum);

} // namespace pmmc::storage
