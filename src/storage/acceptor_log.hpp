// The writing end of an acceptor's log: segments that are begun, filled, and given back when all
// that they hold is collected. Internal.
#pragma once

#include "storage/acceptor_recovery.hpp"
#include "storage/log_record.hpp"
#include "storage/log_segment.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace pmmc::storage {

/// Not thread-safe. What throws storage_error leaves the log unusable: stop.
class acceptor_log {
public:
  /// A folder with one segment that begins with `head`, a finished head record.
  static void create(disk& on, const std::filesystem::path& folder, record_builder& head,
                     const write_mark& mark, const segment_sizes& sizes);

  /// Goes on where `loaded` ends. What was recovered is durable when this returns.
  acceptor_log(disk& on, std::filesystem::path folder, const loaded_acceptor& loaded,
               const segment_sizes& sizes);

  /// Whether a record of `bytes` fits the newest segment. If not, call `begin_segment` first.
  bool has_room(std::uint64_t bytes) const;
  /// Begins a segment with room for a record of `bytes`. `head` gets the head's entries, `mark` is
  /// that of the last write.
  void begin_segment(std::uint64_t bytes, record_builder& head, const write_mark& mark);
  /// Appends one write, durably. `highest`: of its pvalues' slots; 0 without.
  void append(record_builder& record, const write_mark& mark, slot_num highest);

  /// Gives back the oldest segment if none of its pvalues is at or above `watermark`. One at a
  /// time: each costs a sync of the folder, and there may be many.
  void release_oldest(slot_num watermark);
  /// The oldest, if it is not the newest too.
  const segment_info* oldest_closed() const;
  /// All pvalues in the oldest that count were written again.
  void oldest_is_obsolete();
  /// Of all segments' files.
  std::uint64_t file_bytes() const;

private:
  std::filesystem::path take_spare(std::uint64_t bytes);
  void sync_removals();

  disk& disk_;
  std::filesystem::path folder_;
  segment_sizes sizes_;
  std::deque<segment_info> segments_;
  std::vector<segment_place> spares_;
  std::unique_ptr<disk_file> newest_;
  std::uint64_t seed_ = 0;
  bool has_unsynced_removal_ = false;
};

} // namespace pmmc::storage
