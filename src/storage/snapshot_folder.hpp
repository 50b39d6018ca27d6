// The folder `<dir>/snapshots`, shared by the store and the writers and receivers that it made.
// Internal.
#pragma once

#include "base/role_kind.hpp"
#include "base/types.hpp"
#include "storage/disk.hpp"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::storage {

/// A snapshot of another replica whose pieces are coming, in the file `fetched-<slot>-<total>`.
struct fetched_file {
  slot_num slot = 0;
  std::uint64_t total = 0; ///< bytes of the whole file
};

/// Thread-safe.
class snapshot_folder {
public:
  static std::filesystem::path path_in(const std::filesystem::path& dir);
  static void create(disk& on, const std::filesystem::path& folder);
  /// The slot in the file NEWEST: a snapshot at or above it must be there (0: none need be). Throws
  /// storage_error if the file is missing or damaged, or the snapshot is not there. `whose`: the
  /// role, a replica or server, which is told what to do then.
  static slot_num check_newest(disk& on, const std::filesystem::path& folder, role_kind whose);
  /// Slots of the snapshots in `folder`, ascending.
  static std::vector<slot_num> slots_in(const disk& on, const std::filesystem::path& folder);
  static std::filesystem::path file_of(const std::filesystem::path& folder, slot_num slot);

  /// Removes left-over temporaries, and pieces of snapshots that are no longer wanted.
  snapshot_folder(disk& on, std::filesystem::path folder, std::string cluster, role_kind whose);

  disk& files() const { return disk_; }
  const std::filesystem::path& path() const { return path_; }
  const std::string& cluster() const { return cluster_; }
  role_kind whose() const { return whose_; }

  /// A name that no other writer or receiver uses.
  std::filesystem::path temporary();
  /// The newest snapshot of which pieces have come, if it is newer than all that are whole.
  std::optional<fetched_file> unfinished_fetch() const;
  /// The file for its pieces, which may be there already; those of others are removed.
  std::filesystem::path begin_fetch(const fetched_file& what);
  /// Syncs the file, gives it the snapshot's name and records it as the newest if it is.
  void publish(disk_file& file, const std::filesystem::path& temporary, slot_num slot);

private:
  std::filesystem::path file_of(const fetched_file& what) const;
  std::vector<fetched_file> fetched_files() const;

  disk& disk_;
  std::filesystem::path path_;
  std::string cluster_;
  role_kind whose_;
  std::mutex mutex_;
  slot_num newest_ = 0;
  std::uint64_t temporaries_ = 0;
};

} // namespace pmmc::storage
