// One file of an acceptor's log: its name, its beginning, and what can be read from it.
#pragma once

#include "storage/log_record.hpp"
#include "storage/posix_file.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pmmc::storage {

/// Files are as large as they will be from the beginning: written with zeros, or used before. A
/// sync of bytes written into blocks that are there need not wait for the file system's journal.
inline constexpr std::uint64_t first_segment_bytes = 64 << 10;
inline constexpr std::uint64_t usual_segment_bytes =
    4 << 20; ///< each twice the one before, up to this

struct segment_place {
  std::uint64_t number = 0;
  std::filesystem::path path;
};
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number);
/// Ascending. Throws storage_error if there is no such directory.
std::vector<segment_place> segments_in(const std::filesystem::path& folder);
/// The same for files of `usual_segment_bytes` that were segments, and will be again.
std::vector<segment_place> spares_in(const std::filesystem::path& folder);
std::filesystem::path spare_path(const std::filesystem::path& folder, std::uint64_t number);

/// A seed that no earlier use of the file had, so that what is left of it is not taken for records.
std::uint64_t new_segment_seed();
/// What a file begins with: who reads it, and the seed. The head record comes next.
std::string segment_beginning(std::uint64_t seed);

/// The content of one file, kept as long as this object.
class segment_reader {
public:
  /// Throws storage_error if it cannot be read, or if its beginning is damaged.
  explicit segment_reader(const segment_place& place);

  std::uint64_t seed() const { return seed_; }
  /// The file's size.
  std::uint64_t file_bytes() const { return content_.size(); }
  const log_record& head() const { return head_; }
  /// The write record behind the last one returned, if it is whole and its number is the next.
  bool next(log_record& record);
  /// The end of the last record returned.
  std::uint64_t offset() const { return offset_; }
  /// Whether a later write stands anywhere behind the last one returned. A record is only written
  /// when the one before it is durable, so the one that is missing was damaged, not torn.
  bool has_later_record() const;
  std::string_view bytes(std::uint64_t offset, std::uint64_t count) const;

private:
  std::filesystem::path path_;
  std::string content_;
  std::uint64_t seed_ = 0;
  std::uint64_t offset_ = 0;
  log_record head_;
  std::uint64_t writes_ = 0;
};

} // namespace pmmc::storage
