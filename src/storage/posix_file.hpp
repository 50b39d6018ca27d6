// Files as this layer needs them: every error thrown with its path, everything durable when it
// returns.
#pragma once

#include "storage/storage_error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace pmmc::storage {

/// Owns a file descriptor.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~unique_fd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// Throws "cannot `tried` `path`: `happened`; `next`".
[[noreturn]] void fail(std::string_view tried, const std::filesystem::path& path,
                       std::string_view happened, std::string_view next);
/// The same with the text of `error` (an errno) and advice that fits it.
[[noreturn]] void fail_errno(std::string_view tried, const std::filesystem::path& path, int error);
/// Advice for an error text that tells of a failed read or write, such as "No space left on
/// device".
std::string_view disk_advice(std::string_view error_text);

/// `flags` as for open(2); O_CLOEXEC is added. New files are readable by all, writable by the
/// owner.
unique_fd open_file(const std::filesystem::path& path, int flags);
/// The whole file. Throws if it has more than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes);
/// Up to `max_bytes` from `offset`; fewer only at the end of the file.
std::string read_at(const unique_fd& fd, const std::filesystem::path& path, std::uint64_t offset,
                    std::size_t max_bytes);
void write_all(const unique_fd& fd, const std::filesystem::path& path, std::string_view bytes);
void write_at(const unique_fd& fd, const std::filesystem::path& path, std::uint64_t offset,
              std::string_view bytes);
std::uint64_t file_size(const unique_fd& fd, const std::filesystem::path& path);

void sync_file(const unique_fd& fd, const std::filesystem::path& path);
/// What was written, and what is needed to read it.
void sync_data(const unique_fd& fd, const std::filesystem::path& path);
void sync_directory(const std::filesystem::path& path);
/// Not durable before the directory is synced. It need not be there.
void remove_file(const std::filesystem::path& path);
/// The same: not durable yet.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Renames and syncs the directory (both must lie in the same one).
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);
/// Replaces `path` by a file with these bytes: after a crash it is the old or the new one, whole.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

} // namespace pmmc::storage
