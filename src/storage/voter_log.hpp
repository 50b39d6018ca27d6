// What an acceptor and a server have in common: a log in `<dir>/log`, and a mark of what was
// acknowledged beside it. Internal.
#pragma once

#include "storage/log_writer.hpp"
#include "storage/mark_file.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace pmmc::storage {

/// Not thread-safe.
class voter_log {
public:
  /// Writes the files of a voter whose state is that of `head`, with this digest.
  static void create(disk& on, const std::filesystem::path& dir, record_builder& head,
                     std::uint64_t digest, const segment_sizes& sizes);
  static std::filesystem::path folder_in(const std::filesystem::path& dir);
  static write_mark acknowledged_in(disk& on, const std::filesystem::path& dir, voter whose);

  /// Goes on where `loaded` ends. What was recovered is durable when this returns.
  voter_log(disk& on, const std::filesystem::path& dir, voter whose, const loaded_log& loaded,
            const segment_sizes& sizes);
  ~voter_log();
  voter_log(const voter_log&) = delete;
  voter_log& operator=(const voter_log&) = delete;

  /// Runs `change`, which uses the functions below. If it throws, every later call throws
  /// storage_error: nobody knows what is on the disk.
  void attempt(const std::function<void()>& change);

  /// See log_writer. `head` gets the state without the write at hand.
  bool has_room(std::uint64_t bytes) const { return writer_.has_room(bytes); }
  void begin_segment(std::uint64_t bytes, record_builder& head);
  /// Makes the record durable, then tells of it in the mark, and clears it. `digest`: of the state
  /// after it. `highest`: see log_writer.
  void append(record_builder& record, std::uint64_t digest, slot_num highest);

  /// Gives back what holds nothing at or above `watermark` that counts; see log_writer.
  void release_oldest(slot_num watermark) { writer_.release_oldest(watermark); }
  void forget_from(slot_num from) { writer_.forget_from(from); }
  /// Whether the log holds so much more than twice what counts (`live_bytes`) that the oldest
  /// segment is to be written again.
  bool is_too_long(std::uint64_t live_bytes) const;
  bool read_oldest(const std::function<void(std::string_view, std::string_view)>& f) const {
    return writer_.read_oldest(f);
  }
  void oldest_is_obsolete() { writer_.oldest_is_obsolete(); }

  std::uint64_t writes() const { return mark_.writes; }

private:
  std::filesystem::path folder_;
  std::uint64_t slack_bytes_;
  mark_file acknowledged_;
  log_writer writer_;
  write_mark mark_;
  bool failed_ = false;
};

} // namespace pmmc::storage
