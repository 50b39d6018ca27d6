#include "storage/snapshot_store.hpp"

#include "base/invariant.hpp"
#include "storage/snapshot_folder.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace {

std::shared_ptr<snapshot_folder> open_folder(const data_directory& directory) {
  PMMC_INVARIANT(directory.is_writable() && serves_clients(directory.info().kind),
                 "a snapshot store opens in a locked directory of who holds the state");
  return std::make_shared<snapshot_folder>(directory.files(),
                                           snapshot_folder::path_in(directory.path()),
                                           directory.info().cluster, directory.info().kind);
}

} // namespace

void snapshot_store::create(disk& on, const std::filesystem::path& dir) {
  snapshot_folder::create(on, snapshot_folder::path_in(dir));
}

snapshot_store::snapshot_store(const data_directory& directory) : folder_(open_folder(directory)) {}

std::vector<slot_num> snapshot_store::list() const {
  return snapshot_folder::slots_in(folder_->files(), folder_->path());
}

std::optional<slot_num> snapshot_store::latest() const {
  const auto slots = list();
  return slots.empty() ? std::nullopt : std::optional{slots.back()};
}

snapshot_writer snapshot_store::write(slot_num slot) const { return {folder_, slot}; }

snapshot_reader snapshot_store::read(slot_num slot) const {
  return {folder_->files(), snapshot_folder::file_of(folder_->path(), slot), folder_->cluster(),
          slot, folder_->whose()};
}

std::optional<raw_piece> snapshot_store::read_raw(slot_num slot, std::uint64_t offset,
                                                  std::size_t max_bytes) const {
  const auto file = folder_->files().open_if_there(snapshot_folder::file_of(folder_->path(), slot));
  if (!file)
    return std::nullopt;
  return raw_piece{file->read_at(offset, max_bytes), file->size()};
}

snapshot_receiver snapshot_store::receive(slot_num slot, std::uint64_t total) const {
  return {folder_, slot, total};
}

std::optional<snapshot_receiver> snapshot_store::unfinished() const {
  const auto what = folder_->unfinished_fetch();
  return what ? std::optional{receive(what->slot, what->total)} : std::nullopt;
}

void snapshot_store::remove_older(std::size_t keep) const {
  const auto slots = list();
  for (std::size_t i = 0; i + std::max<std::size_t>(keep, 1) < slots.size(); ++i)
    folder_->files().remove(snapshot_folder::file_of(folder_->path(), slots[i]));
}

} // namespace pmmc::storage
