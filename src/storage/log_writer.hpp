// The writing end of a voter's log: segments that are begun, filled, and given back when nothing
// that they hold counts. Internal.
#pragma once

#include "storage/log_record.hpp"
#include "storage/log_recovery.hpp"
#include "storage/log_segment.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace pmmc::storage {

/// Not thread-safe. What throws storage_error leaves the log unusable: stop.
class log_writer {
public:
  /// A folder with one segment that begins with `head`, a finished head record.
  static void create(disk& on, const std::filesystem::path& folder, record_builder& head,
                     const write_mark& mark, const segment_sizes& sizes);

  /// Goes on where `loaded` ends. What was recovered is durable when this returns.
  log_writer(disk& on, std::filesystem::path folder, voter whose, const loaded_log& loaded,
             const segment_sizes& sizes);

  /// Whether a record of `bytes` fits the newest segment. If not, call `begin_segment` first.
  bool has_room(std::uint64_t bytes) const;
  /// Begins a segment with room for a record of `bytes`. `head` gets the head's entries, `mark` is
  /// that of the last write.
  void begin_segment(std::uint64_t bytes, record_builder& head, const write_mark& mark);
  /// Appends one write, durably. `highest`: of its pvalues' slots, or entries' indexes; 0 without.
  void append(record_builder& record, const write_mark& mark, slot_num highest);

  /// Gives back the oldest segment if it holds nothing at or above `watermark` that counts. One at
  /// a time: each costs a sync of the folder, and there may be many.
  void release_oldest(slot_num watermark);
  /// Nothing from slot `from` on counts that was appended before.
  void forget_from(slot_num from);
  /// Calls `f` for all entries of the oldest segment; false if that is the newest, too.
  bool read_oldest(const std::function<void(std::string_view, std::string_view)>& f) const;
  /// All in the oldest that counts was written again.
  void oldest_is_obsolete();
  /// Of all segments' files.
  std::uint64_t file_bytes() const;

private:
  const segment_info* oldest_closed() const;
  std::filesystem::path take_spare(std::uint64_t bytes);
  void sync_removals();

  disk& disk_;
  std::filesystem::path folder_;
  voter whose_;
  segment_sizes sizes_;
  std::deque<segment_info> segments_;
  std::vector<segment_place> spares_;
  std::unique_ptr<disk_file> newest_;
  std::uint64_t seed_ = 0;
  bool has_unsynced_removal_ = false;
};

} // namespace pmmc::storage
