#include "storage/acceptor_log.hpp"

#include "invariant.hpp"

#include <algorithm>

#include <fcntl.h>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_spares = 8;
constexpr std::uint64_t block_bytes = 4096;

fs::path unfinished_path(const fs::path& folder) { return folder / "new.tmp"; }

/// A file of zeros. It has no name that counts yet.
fs::path make_zeros(const fs::path& folder, std::uint64_t bytes) {
  const auto path = unfinished_path(folder);
  const auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  const std::string zeros(64 << 10, '\0');
  for (std::uint64_t done = 0; done < bytes; done += zeros.size())
    write_all(fd, path, std::string_view{zeros}.substr(0, bytes - done));
  return path;
}

/// Gives the file its head and, when that is durable, its name.
unique_fd begin(const fs::path& file, const fs::path& name, std::uint64_t seed,
                std::string_view head) {
  auto fd = open_file(file, O_WRONLY);
  write_at(fd, file, 0, segment_beginning(seed).append(head));
  sync_file(fd, file);
  rename_durably(file, name);
  return fd;
}

std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

} // namespace

void acceptor_log::create(const fs::path& folder, record_builder& head, const write_mark& mark) {
  fs::create_directory(folder);
  const auto seed = new_segment_seed();
  begin(make_zeros(folder, first_segment_bytes), segment_path(folder, 1), seed,
        head.finish(record_kind::head, mark, seed));
}

acceptor_log::acceptor_log(fs::path folder, const loaded_acceptor& loaded)
    : folder_(std::move(folder)), segments_(loaded.segments.begin(), loaded.segments.end()),
      seed_(loaded.seed) {
  const auto& newest = segments_.back();
  newest_ = open_file(newest.place.path, O_WRONLY);
  // The last record may have been read from the page cache only: its sync was cut short, or failed,
  // and then the kernel takes the page for clean. All before it was durable when it was written.
  write_at(newest_, newest.place.path, newest.end - loaded.last_record.size(), loaded.last_record);
  sync_data(newest_, newest.place.path);
  remove_file(unfinished_path(folder_)); // of a process that was killed, or found the disk full
  sync_directory(folder_);
  for (auto& spare : spares_in(folder_))
    spares_.push_back(std::move(spare));
}

bool acceptor_log::has_room(std::uint64_t bytes) const {
  const auto& newest = segments_.back();
  return newest.end + bytes <= newest.file_bytes;
}

/// A file of at least `bytes` that was a segment, or a new one.
fs::path acceptor_log::take_spare(std::uint64_t bytes) {
  if (spares_.empty() || bytes > usual_segment_bytes)
    return make_zeros(folder_, bytes);
  // Under its old name it must not come back with what it holds from now on.
  sync_removals();
  const auto path = spares_.back().path;
  spares_.pop_back();
  return path;
}

void acceptor_log::begin_segment(std::uint64_t bytes, record_builder& head,
                                 const write_mark& mark) {
  const auto& before = segments_.back();
  const auto seed = new_segment_seed();
  const auto record = head.finish(record_kind::head, mark, seed);
  const auto beginning = segment_beginning(seed).size() + record.size();
  const auto file = take_spare(std::max(std::min(2 * before.file_bytes, usual_segment_bytes),
                                        whole_blocks(beginning + bytes)));
  segment_info next;
  next.place.number = before.place.number + 1;
  next.place.path = segment_path(folder_, next.place.number);
  newest_ = begin(file, next.place.path, seed, record);
  next.file_bytes = file_size(newest_, next.place.path);
  next.end = beginning;
  seed_ = seed;
  segments_.push_back(std::move(next));
}

void acceptor_log::append(record_builder& record, const write_mark& mark, slot_num highest) {
  const auto bytes = record.finish(record_kind::write, mark, seed_);
  auto& newest = segments_.back();
  PMMC_INVARIANT(has_room(bytes.size()), "a segment has room for the write that it was begun for");
  write_at(newest_, newest.place.path, newest.end, bytes);
  sync_data(newest_, newest.place.path);
  newest.end += bytes.size();
  newest.highest = std::max(newest.highest, highest);
}

/// Removals become durable one by one, so that a power cut leaves no gap between segments.
void acceptor_log::sync_removals() {
  if (has_unsynced_removal_)
    sync_directory(folder_);
  has_unsynced_removal_ = false;
}

void acceptor_log::release_oldest(slot_num watermark) {
  const auto* oldest = oldest_closed();
  if (oldest == nullptr || oldest->highest >= watermark)
    return;
  sync_removals();
  const auto& [number, path] = oldest->place;
  if (oldest->file_bytes == usual_segment_bytes && spares_.size() < most_spares) {
    const auto spare = spare_path(folder_, number);
    rename_file(path, spare);
    spares_.push_back({number, spare});
  } else {
    remove_file(path);
  }
  has_unsynced_removal_ = true;
  segments_.pop_front();
}

const segment_info* acceptor_log::oldest_closed() const {
  return segments_.size() > 1 ? &segments_.front() : nullptr;
}

void acceptor_log::oldest_is_obsolete() { segments_.front().highest = 0; }

std::uint64_t acceptor_log::file_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_)
    bytes += segment.file_bytes;
  return bytes;
}

} // namespace pmmc::storage
