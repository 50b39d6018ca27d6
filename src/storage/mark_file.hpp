// The file `acknowledged`: how far the voter had come when it last answered. A record at the
// log's end that was torn by a crash looks like one that was acknowledged and then damaged; this
// tells them apart.
#pragma once

#include "storage/disk.hpp"
#include "storage/unknown_memory.hpp"
#include "storage/write_mark.hpp"

#include <filesystem>
#include <memory>

namespace pmmc::storage {

/// Two slots written in turn, so that a torn write leaves the other one; after a start, first the
/// one that is torn, or older. `put` does not sync (the
/// log did): after a power cut the file may lag, and then it is still a lower bound.
class mark_file {
public:
  static void create(disk& on, const std::filesystem::path& file, const write_mark& first);
  /// The newer of the marks that are whole. Throws storage_error if the file is missing, of a wrong
  /// size, or neither is whole.
  static write_mark read(disk& on, const std::filesystem::path& file, voter whose);

  mark_file(disk& on, const std::filesystem::path& file, voter whose);
  void put(const write_mark& mark);
  void sync();

private:
  std::size_t next_slot_; ///< not the one that holds the newest
  std::unique_ptr<disk_file> file_;
};

} // namespace pmmc::storage
