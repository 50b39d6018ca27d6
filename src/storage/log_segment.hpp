// One file of a voter's log: its name, its beginning, and what can be read from it.
#pragma once

#include "storage/disk.hpp"
#include "storage/log_record.hpp"
#include "storage/unknown_memory.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pmmc::storage {

/// Files are as large as they will be from the beginning: written with zeros, or used before. A
/// sync of bytes written into blocks that are there need not wait for the file system's journal.
struct segment_sizes {
  std::uint64_t first_bytes = 64 << 10;
  std::uint64_t usual_bytes = 4 << 20; ///< each twice the one before, up to this
};

struct segment_place {
  std::uint64_t number = 0;
  std::filesystem::path path;
};
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number);
/// Ascending. Throws storage_error if there is no such directory.
std::vector<segment_place> segments_in(const disk& on, const std::filesystem::path& folder,
                                       voter whose);
/// The same for files of the usual size that were segments, and will be again.
std::vector<segment_place> spares_in(const disk& on, const std::filesystem::path& folder,
                                     voter whose);
std::filesystem::path spare_path(const std::filesystem::path& folder, std::uint64_t number);

/// What a file begins with: who reads it, and a seed that no earlier use of the file had, so that
/// what is left of it is not taken for records. The head record comes next.
std::string segment_beginning(std::uint64_t seed);

/// The content of one file, kept as long as this object.
class segment_reader {
public:
  /// Throws storage_error if it cannot be read, or if its beginning is damaged.
  segment_reader(disk& on, const segment_place& place, voter whose);

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
