#include "storage/snapshot_receiver.hpp"

#include "base/invariant.hpp"
#include "storage/snapshot_folder.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_reader.hpp"

#include <algorithm>

namespace pmmc::storage {

struct snapshot_receiver::implementation {
  implementation(std::shared_ptr<snapshot_folder> in, slot_num at, std::uint64_t bytes)
      : folder(std::move(in)), slot(at), total(bytes), path(folder->begin_fetch({slot, total})),
        file(folder->files().open(path, open_for::creating)), found(std::min(file->size(), total)),
        offset(found) {}

  void discard() {
    if (!done)
      remove_if_possible(folder->files(), path);
    done = true;
  }

  /// What an earlier process wrote may be in the page cache only: its sync failed, and then the
  /// kernel takes the pages for clean.
  void write_found_again() {
    const auto before = folder->files().open(path, open_for::reading);
    for (std::uint64_t at = 0; at < found; at += max_chunk_bytes)
      file->write_at(at, before->read_at(at, std::min<std::uint64_t>(max_chunk_bytes, found - at)));
  }

  bool is_good(const snapshot_check& check) try {
    snapshot_reader whole{folder->files(), path, folder->cluster(), slot, folder->whose()};
    check(whole);
    whole.finish();
    return true;
  } catch (const snapshot_damaged& e) {
    problem = e.what();
    return false;
  }

  std::shared_ptr<snapshot_folder> folder;
  slot_num slot;
  std::uint64_t total;
  std::filesystem::path path;
  std::unique_ptr<disk_file> file;
  std::uint64_t found; ///< so many bytes were there already
  std::uint64_t offset;
  bool done = false; ///< committed or discarded
  std::string problem;
};

snapshot_receiver::snapshot_receiver(std::shared_ptr<snapshot_folder> folder, slot_num slot,
                                     std::uint64_t total)
    : implementation_(std::make_unique<implementation>(std::move(folder), slot, total)) {}
snapshot_receiver::~snapshot_receiver() = default;
snapshot_receiver::snapshot_receiver(snapshot_receiver&&) noexcept = default;
snapshot_receiver& snapshot_receiver::operator=(snapshot_receiver&&) noexcept = default;

slot_num snapshot_receiver::slot() const { return implementation_->slot; }
std::uint64_t snapshot_receiver::total() const { return implementation_->total; }
std::uint64_t snapshot_receiver::offset() const { return implementation_->offset; }

bool snapshot_receiver::append(std::uint64_t offset, std::string_view bytes) {
  auto& self = *implementation_;
  if (self.done || offset > self.offset || offset + bytes.size() <= self.offset)
    return false;
  bytes.remove_prefix(self.offset - offset);
  bytes = bytes.substr(0, self.total - self.offset); // no sender makes the file larger than agreed
  if (bytes.empty())
    return false;
  self.file->write_at(self.offset, bytes);
  self.offset += bytes.size();
  return true;
}

bool snapshot_receiver::commit(const snapshot_check& check) {
  auto& self = *implementation_;
  PMMC_INVARIANT(complete(), "a snapshot is committed when all of it is here");
  if (!self.done)
    self.write_found_again(); // first, so that what is checked is what will be on the disk
  if (self.done || !self.is_good(check)) {
    self.discard();
    return false;
  }
  self.folder->publish(*self.file, self.path, self.slot);
  self.done = true;
  return true;
}

const std::string& snapshot_receiver::problem() const { return implementation_->problem; }

} // namespace pmmc::storage
