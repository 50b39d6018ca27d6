// What the acceptor of PMMC and the servers of other engines have in common: a log in `<dir>/log`,
// and a mark of what was acknowledged beside it. Internal.
#pragma once

#include "storage/log_writer.hpp"
#include "storage/mark_file.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace pmmc::storage {

/// The write at hand.
struct voter_write {
  record_builder record;
  slot_num highest = 0; ///< of the slots or indexes of its entries; 0 without
};

/// Not thread-safe.
class voter_log {
public:
  /// Puts what a segment begins with: the state without the write at hand, but for slots.
  using head_writer = std::function<void(record_builder& head)>;
  /// The slot or index of an entry that counts; nothing for any other one.
  using live_slot =
      std::function<std::optional<slot_num>(std::string_view key, std::string_view value)>;

  /// Writes the files of a voter whose state is that of `head`, with this digest.
  static void create(disk& on, const std::filesystem::path& dir, record_builder& head,
                     std::uint64_t digest, const segment_sizes& sizes);
  static std::filesystem::path folder_in(const std::filesystem::path& dir);
  static write_mark acknowledged_in(disk& on, const std::filesystem::path& dir, voter whose);

  /// Goes on where `loaded` ends. What was recovered is durable when this returns.
  voter_log(disk& on, const std::filesystem::path& dir, voter whose, const loaded_log& loaded,
            const segment_sizes& sizes, head_writer put_head);
  ~voter_log();
  voter_log(const voter_log&) = delete;
  voter_log& operator=(const voter_log&) = delete;

  /// Runs `change`, which uses the functions below. If it throws, every later call throws
  /// storage_error: nobody knows what is on the disk.
  void attempt(const std::function<void()>& change);

  /// Begins a segment if a record of `bytes` does not fit the newest.
  void make_room(std::uint64_t bytes);
  /// Makes the write durable, then tells of it in the mark, and clears it. `digest`: of the state
  /// after it. Precondition: make_room().
  void append(voter_write& write, std::uint64_t digest);

  /// Gives back what holds nothing at or above `watermark` that counts; see log_writer.
  void release_oldest(slot_num watermark) { writer_.release_oldest(watermark); }
  void forget_from(slot_num from) { writer_.forget_from(from); }
  /// Where nothing is given back for long, and what was written is replaced again and again: once
  /// the log holds so much more than twice what counts (`live_bytes`), writes what counts in the
  /// oldest segment again at the end, with `empty` and the digest of the state. Then it can go.
  void shorten(std::uint64_t live_bytes, voter_write& empty, std::uint64_t digest,
               const live_slot& counts);

  std::uint64_t writes() const { return mark_.writes; }

private:
  std::filesystem::path folder_;
  std::uint64_t slack_bytes_;
  head_writer put_head_;
  mark_file acknowledged_;
  log_writer writer_;
  write_mark mark_;
  bool failed_ = false;
};

} // namespace pmmc::storage
