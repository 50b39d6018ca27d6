#include "storage/snapshot_folder.hpp"

#include "storage/checked_text.hpp"
#include "storage/data_directory.hpp"

#include <algorithm>
#include <cerrno>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view fetched = "fetched-";

fs::path newest_file(const fs::path& folder) { return folder / "NEWEST"; }

void write_newest(disk& on, const fs::path& folder, slot_num slot) {
  replace_file(on, newest_file(folder),
               text_lines{}.line({"newest", std::to_string(slot)}).sealed());
}

[[noreturn]] void refuse(const fs::path& path, const std::string& how, role_kind whose) {
  fail("use", path, how,
       "put the files back if they were misplaced; otherwise " + repair_advice(whose));
}

slot_num read_newest(disk& on, const fs::path& folder, role_kind whose) {
  const auto file = newest_file(folder);
  if (!on.exists(file))
    refuse(file, "the file is missing", whose);
  const auto lines = unseal(read_file(on, file, 4096));
  const bool good = lines && lines->size() == 1 && (*lines)[0].size() == 2;
  const auto slot = good ? parse_number((*lines)[0][1]) : std::nullopt;
  if (!slot)
    refuse(file, "its checksum is wrong", whose);
  return *slot;
}

std::vector<std::string> names_in(const disk& on, const fs::path& folder) {
  std::error_code error;
  auto names = on.list(folder, error);
  if (error)
    fail_errno("list", folder, error.value());
  return names;
}

} // namespace

fs::path snapshot_folder::path_in(const fs::path& dir) { return dir / "snapshots"; }

fs::path snapshot_folder::file_of(const fs::path& folder, slot_num slot) {
  return folder / (std::string{prefix} + std::to_string(slot));
}

void snapshot_folder::create(disk& on, const fs::path& folder) {
  if (!on.make_directory(folder))
    fail_errno("make directory", folder, EEXIST);
  write_newest(on, folder, 0);
}

std::vector<slot_num> snapshot_folder::slots_in(const disk& on, const fs::path& folder) {
  std::vector<slot_num> slots;
  for (const auto& name : names_in(on, folder)) {
    if (!name.starts_with(prefix))
      continue;
    if (const auto slot = parse_number(std::string_view{name}.substr(prefix.size())))
      slots.push_back(*slot);
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

slot_num snapshot_folder::check_newest(disk& on, const fs::path& folder, role_kind whose) {
  const auto newest = read_newest(on, folder, whose);
  const auto slots = slots_in(on, folder);
  if (newest > 0 && (slots.empty() || slots.back() < newest))
    refuse(file_of(folder, newest), "this snapshot, the newest that was made, is missing", whose);
  return newest;
}

snapshot_folder::snapshot_folder(disk& on, fs::path folder, std::string cluster, role_kind whose)
    : disk_(on), path_(std::move(folder)), cluster_(std::move(cluster)), whose_(whose),
      newest_(check_newest(disk_, path_, whose_)) {
  for (const auto& name : names_in(disk_, path_))
    if (name.ends_with(".tmp"))
      disk_.remove(path_ / name);
  const auto wanted = unfinished_fetch();
  for (const auto& what : fetched_files())
    if (!wanted || what.slot != wanted->slot || what.total != wanted->total)
      disk_.remove(file_of(what));
  disk_.sync_directory(path_); // a crashed process may have renamed without syncing
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
  for (const auto& name : names_in(disk_, path_)) {
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
  const auto whole = slots_in(disk_, path_);
  return newest && (whole.empty() || newest->slot > whole.back()) ? newest : std::nullopt;
}

fs::path snapshot_folder::begin_fetch(const fetched_file& what) {
  for (const auto& other : fetched_files())
    if (other.slot != what.slot || other.total != what.total)
      disk_.remove(file_of(other));
  return file_of(what);
}

void snapshot_folder::publish(disk_file& file, const fs::path& temporary, slot_num slot) {
  file.sync();
  const std::lock_guard lock{mutex_};
  rename_durably(disk_, temporary, file_of(path_, slot));
  if (slot <= newest_)
    return;
  write_newest(disk_, path_, slot);
  newest_ = slot;
}

} // namespace pmmc::storage
