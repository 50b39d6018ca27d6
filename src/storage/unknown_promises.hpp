// The refusal of an acceptor whose state cannot be shown to be what it acknowledged.
#pragma once

#include <filesystem>
#include <string_view>

namespace pmmc::storage {

/// Throws storage_error: what was promised is unknown, so the acceptor must not vote, and what to
/// do.
[[noreturn]] void refuse_promises(const std::filesystem::path& path, std::string_view how);

} // namespace pmmc::storage
