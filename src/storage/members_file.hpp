// The file `members` of a data directory: which cluster its role is of, and the latest
// configurations that it has heard of, so that it finds the others whatever its config file says.
#pragma once

#include "membership/membership.hpp"
#include "storage/disk.hpp"

#include <filesystem>
#include <optional>

namespace pmmc::storage {

/// What the file in `dir` says; nothing if there is none. Throws storage_error if it is damaged.
std::optional<membership> read_members(disk& on, const std::filesystem::path& dir);

/// Durable when it returns. Throws storage_error.
void write_members(disk& on, const std::filesystem::path& dir, const membership& known);

} // namespace pmmc::storage
