// Segments of a voter's log, for targets that read them.
#pragma once

#include "target.hpp"

#include "storage/checksum.hpp"
#include "storage/log_segment.hpp"
#include "storage/posix_disk.hpp"
#include "storage/storage_error.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::fuzz {

constexpr std::uint32_t log_seed = 5;

/// What `read` gives, or nothing if it refuses as it may.
template <class Read>
auto unless_refused(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const storage::storage_error& e) {
    demand(std::string_view{e.what()}.find(scratch_directory()) != std::string_view::npos,
           "a refusal names the file");
    return std::nullopt;
  }
}

/// A segment with this head, and behind it one write with these entries. `digest`: of the head, and
/// said to be that after the write.
inline std::string segment_of(storage::record_builder& head, std::uint64_t digest,
                              std::string_view entries) {
  using namespace storage;
  auto bytes = segment_beginning(log_seed);
  for (const auto piece : head.finish(record_kind::head, {1, digest}, log_seed))
    bytes += piece;
  std::string write;
  put_u32(write, static_cast<std::uint32_t>(record_kind::write) ^ log_seed);
  put_u32(write, static_cast<std::uint32_t>(entries.size()));
  write += encode(write_mark{2, digest});
  put_u64(write, checksum(entries, checksum(write, log_seed)));
  return bytes.append(write).append(entries);
}

/// The entries that were put into it.
inline std::string entries_of(storage::record_builder& record) {
  constexpr std::size_t head_bytes = 32;
  const auto bytes = record.finish(storage::record_kind::write, {2, 0}, log_seed).front();
  return std::string{bytes.substr(head_bytes)};
}

/// Loads a segment of these bytes; then `other`, one with a write whose checksum is right.
template <class Load>
void try_log(std::string_view bytes, std::string_view other, Load load) {
  const auto folder = scratch_directory() + "/log";
  std::filesystem::create_directory(folder);
  const auto read = [&] { return load(storage::real_disk(), folder, storage::write_mark{}); };
  scratch_file("log/0000000001.log", bytes);
  unless_refused(read);
  scratch_file("log/0000000001.log", other);
  if (const auto loaded = unless_refused(read))
    demand(loaded->mark.writes == 2 && loaded->segments.size() == 1 &&
               loaded->digest.value() == loaded->mark.digest,
           "what is taken adds up");
}

} // namespace pmmc::fuzz
