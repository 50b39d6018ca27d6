#include "storage/storage_error.hpp"

#include <system_error>

namespace pmmc::storage {

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

} // namespace pmmc::storage
