// The folder `<dir>/snapshots`, shared by the store and the writers and receivers that it made.
// Internal.
#pragma once

#include "storage/posix_file.hpp"
#include "types.hpp"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace pmmc::storage {

/// Thread-safe.
class snapshot_folder {
public:
  static std::filesystem::path path_in(const std::filesystem::path& dir);
  static void create(const std::filesystem::path& folder);
  /// The slot in the file NEWEST: a snapshot at or above it must be there (0: none need be). Throws
  /// storage_error if the file is missing or damaged, or the snapshot is not there.
  static slot_num check_newest(const std::filesystem::path& folder);
  /// Slots of the snapshots in `folder`, ascending.
  static std::vector<slot_num> slots_in(const std::filesystem::path& folder);
  static std::filesystem::path file_of(const std::filesystem::path& folder, slot_num slot);

  /// Removes left-over temporaries.
  snapshot_folder(std::filesystem::path folder, std::string cluster);

  const std::filesystem::path& path() const { return path_; }
  const std::string& cluster() const { return cluster_; }

  /// A name that no other writer or receiver uses.
  std::filesystem::path temporary();
  /// Syncs the file, gives it the snapshot's name and records it as the newest if it is.
  void publish(const unique_fd& fd, const std::filesystem::path& temporary, slot_num slot);

private:
  std::filesystem::path path_;
  std::string cluster_;
  std::mutex mutex_;
  slot_num newest_ = 0;
  std::uint64_t temporaries_ = 0;
};

} // namespace pmmc::storage
