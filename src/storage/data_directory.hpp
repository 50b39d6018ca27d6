// The directory `<data>/<id>/` of one role: formatted once, then opened by one process at a time.
// docs/STORAGE.md has its files byte by byte.
#pragma once

#include "base/role_kind.hpp"
#include "membership/cluster_facts.hpp"
#include "storage/disk.hpp"
#include "storage/log_segment.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pmmc::storage {

/// What is written down when a directory is formatted, and never changes.
struct format_info {
  std::string cluster;
  role_kind kind = role_kind::acceptor;
  role_id id;
  std::string format_id; ///< identity of this disk: 128 random bits as 32 hex digits
  cluster_facts facts;   ///< what its cluster agrees on
};

/// Not thread-safe. Movable; the lock lives as long as the object.
class data_directory {
public:
  /// Makes `path` a good, empty data directory of the role (all of its files, durably) or leaves
  /// nothing behind: it is built in a sibling and renamed. Makes the parents that are missing, and
  /// removes what a crashed `format` of the same path left. Returns the format_id; an empty
  /// `info.format_id` (the normal case) is made up here. Throws storage_error if `path` exists and
  /// is not an empty directory, or if anything fails. `sizes`: of the log of an acceptor or server.
  static std::string format(disk& on, const std::filesystem::path& path, format_info info,
                            const segment_sizes& sizes = {});

  /// Opens for the role's process and locks. Throws storage_error if the directory is missing,
  /// empty, damaged, of another format version, cluster or role, or in use by another process. Of
  /// an engine that has no such roles, too; which of raft and simple it is must be looked at by the
  /// caller (facts).
  static data_directory open(disk& on, const std::filesystem::path& path, std::string_view cluster,
                             role_kind kind, const role_id& id);

  /// For looking only: takes no lock, changes nothing, works while the role runs.
  static data_directory open_read_only(disk& on, const std::filesystem::path& path);

  /// Whether `path` is missing or an empty directory, so that `format` would take it.
  static bool is_unformatted(const disk& on, const std::filesystem::path& path);

  /// Throws storage_error unless the disk takes a write of some size now: a role that would stop at
  /// its first one must not say that it is ready. Must hold the lock.
  void demand_room() const;

  /// The disk that it is on, which outlives it.
  disk& files() const { return *disk_; }
  const std::filesystem::path& path() const { return path_; }
  const format_info& info() const { return info_; }
  /// Whether this object holds the lock, so may change files.
  bool is_writable() const { return lock_ != nullptr; }

private:
  data_directory(disk& on, std::filesystem::path path, format_info info,
                 std::unique_ptr<disk_lock> lock);

  disk* disk_;
  std::filesystem::path path_;
  format_info info_;
  std::unique_ptr<disk_lock> lock_;
};

/// The process that holds the directory's lock (0 if it did not leave its number), or -1 if none.
/// Takes no lock itself.
long lock_holder(const disk& on, const std::filesystem::path& path);

/// What is to be done about a damaged directory of a role of this kind. A sentence for error texts.
std::string repair_advice(role_kind kind);

/// Bytes that all files below `path` take on the disk of this machine. Files that vanish meanwhile
/// count as 0.
std::uint64_t disk_bytes(const std::filesystem::path& path);

} // namespace pmmc::storage
