// The one exception of the storage layer, and how its texts are made.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// What storage cannot do. The text is for the operator and complete: what was tried, on which
/// path, what happened, and what to do next. A process that gets one from a write stops: a write or
/// sync that failed is never retried, because nobody knows what is on the disk after it.
struct storage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws "cannot `tried` `path`: `happened`; `next`".
[[noreturn]] void fail(std::string_view tried, const std::filesystem::path& path,
                       std::string_view happened, std::string_view next);
/// The same with the text of `error` (an errno) and advice that fits it.
[[noreturn]] void fail_errno(std::string_view tried, const std::filesystem::path& path, int error);
/// Advice for an error text that tells of a failed read or write, such as "No space left on
/// device".
std::string_view disk_advice(std::string_view error_text);

} // namespace pmmc::storage
