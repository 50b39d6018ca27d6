#include "storage/posix_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pmmc::storage {

namespace {

/// Calls `f` again when a signal interrupted it.
template <class F>
auto uninterrupted(F f) {
  auto result = f();
  while (result < 0 && errno == EINTR)
    result = f();
  return result;
}

std::filesystem::path parent_of(const std::filesystem::path& path) {
  auto parent = path.parent_path();
  return parent.empty() ? std::filesystem::path{"."} : parent;
}

} // namespace

unique_fd::~unique_fd() {
  if (fd_ >= 0)
    ::close(fd_);
}

void fail(std::string_view tried, const std::filesystem::path& path, std::string_view happened,
          std::string_view next) {
  std::string text{"cannot "};
  text.append(tried).append(" ").append(path.string()).append(": ").append(happened);
  throw storage_error{text.append("; ").append(next)};
}

void fail_errno(std::string_view tried, const std::filesystem::path& path, int error) {
  auto happened = std::generic_category().message(error);
  fail(tried, path, happened, disk_advice(happened));
}

std::string_view disk_advice(std::string_view error_text) {
  const auto says = [&](std::string_view words) {
    return error_text.find(words) != error_text.npos;
  };
  if (says("No space left") || says("quota exceeded"))
    return "make room on this file system, then start the role again: nothing acknowledged is lost";
  if (says("ermission denied") || says("Read-only"))
    return "run as the user that owns the directory, on a file system that is mounted writable";
  if (says("No such file"))
    return "check the path, and that the file system is mounted";
  if (says("Too many open files"))
    return "raise the limit of open files (ulimit -n), then start the role again";
  return "check the disk (kernel log, SMART), then start the role again: it verifies its files";
}

unique_fd open_file(const std::filesystem::path& path, int flags) {
  const int fd = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
  if (fd < 0)
    fail_errno("open", path, errno);
  return unique_fd{fd};
}

std::uint64_t file_size(const unique_fd& fd, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    fail_errno("look at", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::string read_at(const unique_fd& fd, const std::filesystem::path& path, std::uint64_t offset,
                    std::size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  std::size_t done = 0;
  while (done < max_bytes) {
    const auto got = uninterrupted([&] {
      return ::pread(fd.get(), bytes.data() + done, max_bytes - done,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0)
      fail_errno("read", path, errno);
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const auto fd = open_file(path, O_RDONLY);
  auto bytes = read_at(fd, path, 0, max_bytes + 1);
  if (bytes.size() > max_bytes)
    fail("read", path, "the file is larger than any that is written here",
         "restore it from where it was damaged or exchanged");
  return bytes;
}

void write_all(const unique_fd& fd, const std::filesystem::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = uninterrupted([&] { return ::write(fd.get(), bytes.data(), bytes.size()); });
    if (put < 0)
      fail_errno("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void write_at(const unique_fd& fd, const std::filesystem::path& path, std::uint64_t offset,
              std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = uninterrupted(
        [&] { return ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (put < 0)
      fail_errno("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

void sync_file(const unique_fd& fd, const std::filesystem::path& path) {
  // Not called again after a failure: the kernel may have dropped the pages and call the next one
  // good.
  if (::fsync(fd.get()) != 0)
    fail_errno("sync", path, errno);
}

void sync_data(const unique_fd& fd, const std::filesystem::path& path) {
  if (::fdatasync(fd.get()) != 0) // final, as above
    fail_errno("sync", path, errno);
}

void sync_directory(const std::filesystem::path& path) {
  sync_file(open_file(path, O_RDONLY | O_DIRECTORY), path);
}

void remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    fail_errno("remove", path, errno);
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    fail_errno("rename " + from.string() + " to", to, errno);
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  rename_file(from, to);
  sync_directory(parent_of(to));
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  auto temporary = path;
  temporary += ".tmp";
  {
    const auto fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(fd, temporary, bytes);
    sync_file(fd, temporary);
  }
  rename_durably(temporary, path);
}

} // namespace pmmc::storage
