#include "storage/disk.hpp"

namespace pmmc::storage {

namespace {

std::filesystem::path parent_of(const std::filesystem::path& path) {
  auto parent = path.parent_path();
  return parent.empty() ? std::filesystem::path{"."} : parent;
}

} // namespace

std::string read_file(disk& on, const std::filesystem::path& path, std::size_t max_bytes) {
  auto bytes = on.open(path, open_for::reading)->read_at(0, max_bytes + 1);
  if (bytes.size() > max_bytes)
    fail("read", path, "the file is larger than any that is written here",
         "restore it from where it was damaged or exchanged");
  return bytes;
}

void rename_durably(disk& on, const std::filesystem::path& from, const std::filesystem::path& to) {
  on.rename(from, to);
  on.sync_directory(parent_of(to));
}

void replace_file(disk& on, const std::filesystem::path& path, std::string_view bytes) {
  auto temporary = path;
  temporary += ".tmp";
  const auto file = on.open(temporary, open_for::replacing);
  file->write_at(0, bytes);
  file->sync();
  rename_durably(on, temporary, path);
}

void remove_if_possible(disk& on, const std::filesystem::path& path) noexcept {
  try {
    on.remove(path);
  } catch (const storage_error&) {
    // as promised
  }
}

} // namespace pmmc::storage
