// The durable snapshots of a replica: files `<dir>/snapshots/snapshot-<slot>`, each a checked
// stream.
#pragma once

#include "storage/data_directory.hpp"
#include "storage/snapshot_reader.hpp"
#include "storage/snapshot_receiver.hpp"
#include "storage/snapshot_writer.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::storage {

/// A piece of a snapshot's file, for another replica.
struct raw_piece {
  std::string bytes;       ///< empty at or past the end
  std::uint64_t total = 0; ///< bytes of the whole file
};

/// "The snapshot of slot s" holds the effects of all slots below s.
/// Thread-safe: writers and receivers that it made may be used and committed in other threads (each
/// by one thread at a time) and may outlive it, but not the data directory's lock.
class snapshot_store {
public:
  /// Makes the empty folder of a replica without snapshots. For data_directory::format.
  static void create(disk& on, const std::filesystem::path& dir);

  /// Removes what crashed writers and receivers left. Throws storage_error if a snapshot that was
  /// committed as the newest is not there. `directory` must be open for writing.
  explicit snapshot_store(const data_directory& directory);

  /// The slot of the newest snapshot, if there is any.
  std::optional<slot_num> latest() const;
  /// Slots of all snapshots, ascending.
  std::vector<slot_num> list() const;

  /// Begins a snapshot. Nothing can be seen of it before commit().
  snapshot_writer write(slot_num slot) const;
  /// Throws storage_error if there is no such snapshot or its header is damaged.
  snapshot_reader read(slot_num slot) const;

  /// Bytes [offset, offset + max_bytes) of the file; none if there is no such snapshot (any more).
  std::optional<raw_piece> read_raw(slot_num slot, std::uint64_t offset,
                                    std::size_t max_bytes) const;
  /// Takes over another replica's snapshot, whose file has `total` bytes: begins, or goes on where
  /// an earlier receiver of the same one ended. What came of other snapshots is removed.
  snapshot_receiver receive(slot_num slot, std::uint64_t total) const;

  /// Goes on with the pieces that have come of a newer snapshot than all that are whole, if any.
  std::optional<snapshot_receiver> unfinished() const;

  /// Removes all but the newest `keep` snapshots. Call it after a commit.
  void remove_older(std::size_t keep = 2) const;

private:
  std::shared_ptr<snapshot_folder> folder_;
};

} // namespace pmmc::storage
