#include "storage/snapshot_folder.hpp"

#include "storage/checked_text.hpp"
#include "storage/data_directory.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view fetched = "fetched-";

fs::path newest_file(const fs::path& folder) { return folder / "NEWEST"; }

void write_newest(const fs::path& folder, slot_num slot) {
  replace_file(newest_file(folder), text_lines{}.line({"newest", std::to_string(slot)}).sealed());
}

[[noreturn]] void refuse(const fs::path& path, const std::string& how) {
  fail("use", path, how,
       "put the files back if they were misplaced; otherwise " + repair_advice(role_kind::replica));
}

slot_num read_newest(const fs::path& folder) {
  const auto file = newest_file(folder);
  if (!fs::exists(file))
    refuse(file, "the file is missing");
  const auto lines = unseal(read_file(file, 4096));
  const bool good = lines && lines->size() == 1 && (*lines)[0].size() == 2;
  const auto slot = good ? parse_number((*lines)[0][1]) : std::nullopt;
  if (!slot)
    refuse(file, "its checksum is wrong");
  return *slot;
}

} // namespace

fs::path snapshot_folder::path_in(const fs::path& dir) { return dir / "snapshots"; }

fs::path snapshot_folder::file_of(const fs::path& folder, slot_num slot) {
  return folder / (std::string{prefix} + std::to_string(slot));
}

void snapshot_folder::create(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0)
    fail_errno("make directory", folder, errno);
  write_newest(folder, 0);
}

std::vector<slot_num> snapshot_folder::slots_in(const fs::path& folder) {
  std::vector<slot_num> slots;
  std::error_code error;
  for (fs::directory_iterator it{folder, error}, end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (!name.starts_with(prefix))
      continue;
    if (const auto slot = parse_number(std::string_view{name}.substr(prefix.size())))
      slots.push_back(*slot);
  }
  if (error)
    fail_errno("list", folder, error.value());
  std::sort(slots.begin(), slots.end());
  return slots;
}

slot_num snapshot_folder::check_newest(const fs::path& folder) {
  const auto newest = read_newest(folder);
  const auto slots = slots_in(folder);
  if (newest > 0 && (slots.empty() || slots.back() < newest))
    refuse(file_of(folder, newest), "this snapshot, the newest that was made, is missing");
  return newest;
}

snapshot_folder::snapshot_folder(fs::path folder, std::string cluster)
    : path_(std::move(folder)), cluster_(std::move(cluster)), newest_(check_newest(path_)) {
  std::vector<fs::path> left_over;
  for (const auto& entry : fs::directory_iterator{path_})
    if (entry.path().extension() == ".tmp")
      left_over.push_back(entry.path());
  for (const auto& file : left_over)
    remove_file(file);
  const auto wanted = unfinished_fetch();
  for (const auto& what : fetched_files())
    if (!wanted || what.slot != wanted->slot || what.total != wanted->total)
      remove_file(file_of(what));
  sync_directory(path_); // a crashed process may have renamed without syncing
}

fs::path snapshot_folder::temporary() {
  const std::lock_guard lock{mutex_};
  return path_ / ("unfinished-" + std::to_string(++temporaries_) + ".tmp");
}

fs::path snapshot_folder::file_of(const fetched_file& what) const {
  return path_ /
         (std::string{fetched} + std::to_string(what.slot) + "-" + std::to_string(what.total));
}

std::vector<fetched_file> snapshot_folder::fetched_files() const {
  std::vector<fetched_file> found;
  for (const auto& entry : fs::directory_iterator{path_}) {
    const auto name = entry.path().filename().string();
    const auto dash = name.find('-', fetched.size());
    if (!name.starts_with(fetched) || dash == std::string::npos)
      continue;
    const auto slot = parse_number(name.substr(fetched.size(), dash - fetched.size()));
    const auto total = parse_number(name.substr(dash + 1));
    if (slot && total)
      found.push_back({*slot, *total});
  }
  return found;
}

std::optional<fetched_file> snapshot_folder::unfinished_fetch() const {
  std::optional<fetched_file> newest;
  for (const auto& what : fetched_files())
    if (!newest || what.slot > newest->slot)
      newest = what;
  const auto whole = slots_in(path_);
  return newest && (whole.empty() || newest->slot > whole.back()) ? newest : std::nullopt;
}

fs::path snapshot_folder::begin_fetch(const fetched_file& what) {
  for (const auto& other : fetched_files())
    if (other.slot != what.slot || other.total != what.total)
      remove_file(file_of(other));
  return file_of(what);
}

void snapshot_folder::publish(const unique_fd& fd, const fs::path& temporary, slot_num slot) {
  sync_file(fd, temporary);
  const std::lock_guard lock{mutex_};
  rename_durably(temporary, file_of(path_, slot));
  if (slot <= newest_)
    return;
  write_newest(path_, slot);
  newest_ = slot;
}

} // namespace pmmc::storage
