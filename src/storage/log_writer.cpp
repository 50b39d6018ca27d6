#include "storage/log_writer.hpp"

#include "base/invariant.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_spares = 8;
constexpr std::uint64_t block_bytes = 4096;

fs::path unfinished_path(const fs::path& folder) { return folder / "new.tmp"; }

/// A file of zeros. It has no name that counts yet.
fs::path make_zeros(disk& on, const fs::path& folder, std::uint64_t bytes) {
  const auto path = unfinished_path(folder);
  const auto file = on.open(path, open_for::replacing);
  const std::string zeros(std::min<std::uint64_t>(bytes, 64 << 10), '\0');
  for (std::uint64_t done = 0; done < bytes; done += zeros.size())
    file->write_at(done, std::string_view{zeros}.substr(0, bytes - done));
  return path;
}

/// Gives the file its head and, when that is durable, its name.
void begin(disk& on, const fs::path& file, const fs::path& name, std::uint64_t seed,
           byte_pieces head) {
  const auto opened = on.open(file, open_for::writing);
  const auto beginning = segment_beginning(seed);
  std::vector<std::string_view> pieces{beginning};
  pieces.insert(pieces.end(), head.begin(), head.end());
  opened->write_at(0, pieces);
  opened->sync();
  rename_durably(on, file, name);
}

std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

} // namespace

void log_writer::create(disk& on, const fs::path& folder, record_builder& head,
                        const write_mark& mark, const segment_sizes& sizes) {
  on.make_directory(folder);
  const auto seed = on.fresh_number();
  begin(on, make_zeros(on, folder, sizes.first_bytes), segment_path(folder, 1), seed,
        head.finish(record_kind::head, mark, seed));
}

log_writer::log_writer(disk& on, fs::path folder, voter whose, const loaded_log& loaded,
                       const segment_sizes& sizes)
    : disk_(on), folder_(std::move(folder)), whose_(whose), sizes_(sizes),
      segments_(loaded.segments.begin(), loaded.segments.end()), seed_(loaded.seed) {
  const auto& newest = segments_.back();
  newest_ = disk_.open(newest.place.path, open_for::writing);
  // The last record may have been read from the page cache only: its sync was cut short, or failed,
  // and then the kernel takes the page for clean. All before it was durable when it was written.
  newest_->write_at(loaded.last_record_at, loaded.last_record);
  newest_->sync_data();
  disk_.remove(unfinished_path(folder_)); // of a process that was killed, or found the disk full
  disk_.sync_directory(folder_);
  for (auto& spare : spares_in(disk_, folder_, whose_))
    spares_.push_back(std::move(spare));
}

bool log_writer::has_room(std::uint64_t bytes) const {
  const auto& newest = segments_.back();
  return newest.end + bytes <= newest.file_bytes;
}

/// A file of at least `bytes` that was a segment, or a new one.
fs::path log_writer::take_spare(std::uint64_t bytes) {
  if (spares_.empty() || bytes > sizes_.usual_bytes)
    return make_zeros(disk_, folder_, bytes);
  // Under its old name it must not come back with what it holds from now on.
  sync_removals();
  const auto path = spares_.back().path;
  spares_.pop_back();
  return path;
}

void log_writer::begin_segment(std::uint64_t bytes, record_builder& head, const write_mark& mark) {
  const auto& before = segments_.back();
  const auto seed = disk_.fresh_number();
  const auto record = head.finish(record_kind::head, mark, seed);
  const auto beginning = segment_beginning(seed).size() + size_of(record);
  const auto file = take_spare(std::max(std::min(2 * before.file_bytes, sizes_.usual_bytes),
                                        whole_blocks(beginning + bytes)));
  segment_info next;
  next.place.number = before.place.number + 1;
  next.place.path = segment_path(folder_, next.place.number);
  begin(disk_, file, next.place.path, seed, record);
  newest_ = disk_.open(next.place.path, open_for::writing);
  next.file_bytes = newest_->size();
  next.end = beginning;
  seed_ = seed;
  segments_.push_back(std::move(next));
}

void log_writer::append(record_builder& record, const write_mark& mark, slot_num highest) {
  const auto pieces = record.finish(record_kind::write, mark, seed_);
  const auto bytes = size_of(pieces);
  auto& newest = segments_.back();
  PMMC_INVARIANT(has_room(bytes), "a segment has room for the write that it was begun for");
  newest_->write_at(newest.end, pieces);
  newest_->sync_data();
  newest.end += bytes;
  newest.highest = std::max(newest.highest, highest);
}

/// Removals become durable one by one, so that a power cut leaves no gap between segments.
void log_writer::sync_removals() {
  if (has_unsynced_removal_)
    disk_.sync_directory(folder_);
  has_unsynced_removal_ = false;
}

void log_writer::release_oldest(slot_num watermark) {
  const auto* oldest = oldest_closed();
  if (oldest == nullptr || oldest->highest >= watermark)
    return;
  sync_removals();
  const auto& [number, path] = oldest->place;
  if (oldest->file_bytes == sizes_.usual_bytes && spares_.size() < most_spares) {
    const auto spare = spare_path(folder_, number);
    disk_.rename(path, spare);
    spares_.push_back({number, spare});
  } else {
    disk_.remove(path);
  }
  has_unsynced_removal_ = true;
  segments_.pop_front();
}

const segment_info* log_writer::oldest_closed() const {
  return segments_.size() > 1 ? &segments_.front() : nullptr;
}

void log_writer::forget_from(slot_num from) {
  for (auto& segment : segments_)
    if (segment.highest >= from)
      segment.highest = from - 1;
}

bool log_writer::read_oldest(
    const std::function<void(std::string_view, std::string_view)>& f) const {
  const auto* oldest = oldest_closed();
  if (oldest == nullptr)
    return false;
  segment_reader reader{disk_, oldest->place, whose_};
  for (log_record old; reader.next(old);)
    for_each_entry(old.entries, [&](std::string_view key, std::string_view value) {
      f(key, value);
      return true;
    });
  if (reader.offset() != oldest->end)
    refuse_memory(whose_, oldest->place.path, "a record that was written is damaged");
  return true;
}

void log_writer::oldest_is_obsolete() { segments_.front().highest = 0; }

std::uint64_t log_writer::file_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_)
    bytes += segment.file_bytes;
  return bytes;
}

} // namespace pmmc::storage
