#include "storage/snapshot_store.hpp"

#include "invariant.hpp"
#include "storage/snapshot_folder.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace pmmc::storage {

namespace {

std::shared_ptr<snapshot_folder> open_folder(const data_directory& directory) try {
  PMMC_INVARIANT(directory.is_writable() && directory.info().kind == role_kind::replica,
                 "a snapshot store opens in a locked directory of a replica");
  return std::make_shared<snapshot_folder>(snapshot_folder::path_in(directory.path()),
                                           directory.info().cluster);
} catch (const std::filesystem::filesystem_error& e) {
  fail("open", directory.path(), e.what(), disk_advice(e.what()));
}

} // namespace

void snapshot_store::create(const std::filesystem::path& dir) {
  snapshot_folder::create(snapshot_folder::path_in(dir));
}

snapshot_store::snapshot_store(const data_directory& directory) : folder_(open_folder(directory)) {}

std::vector<slot_num> snapshot_store::list() const {
  return snapshot_folder::slots_in(folder_->path());
}

std::optional<slot_num> snapshot_store::latest() const {
  const auto slots = list();
  return slots.empty() ? std::nullopt : std::optional{slots.back()};
}

snapshot_writer snapshot_store::write(slot_num slot) const { return {folder_, slot}; }

snapshot_reader snapshot_store::read(slot_num slot) const {
  return {snapshot_folder::file_of(folder_->path(), slot), folder_->cluster(), slot};
}

std::optional<raw_piece> snapshot_store::read_raw(slot_num slot, std::uint64_t offset,
                                                  std::size_t max_bytes) const {
  const auto file = snapshot_folder::file_of(folder_->path(), slot);
  const unique_fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.valid() && errno == ENOENT)
    return std::nullopt;
  if (!fd.valid())
    fail_errno("open", file, errno);
  return raw_piece{read_at(fd, file, offset, max_bytes), file_size(fd, file)};
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
  for (std::size_t i = 0; i + std::max<std::size_t>(keep, 1) < slots.size(); ++i) {
    const auto file = snapshot_folder::file_of(folder_->path(), slots[i]);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
      fail_errno("remove", file, errno);
  }
}

} // namespace pmmc::storage
