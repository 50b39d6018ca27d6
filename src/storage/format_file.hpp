// The file FORMAT: who owns a data directory, and what its cluster agrees on.
#pragma once

#include "storage/data_directory.hpp"

#include <filesystem>
#include <string>

namespace pmmc::storage {

/// Version of everything below a data directory. Raise it with any change of a format, and
/// protocol_version (actors/wire/protocol.hpp) with it: snapshots travel with it in their header.
inline constexpr std::uint64_t storage_format_version = 5;

std::string format_text(const format_info& info);

/// Throws storage_error if the file is missing, damaged or of another version.
format_info read_format(disk& on, const std::filesystem::path& dir);

} // namespace pmmc::storage
