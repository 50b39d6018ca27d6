#include "storage/voter_log.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::storage {

namespace fs = std::filesystem;

namespace {

/// How much more than twice what counts the log may hold before it is written anew: so many usual
/// segments.
constexpr std::uint64_t slack_segments = 8;

fs::path mark_path(const fs::path& dir) { return dir / "acknowledged"; }

} // namespace

fs::path voter_log::folder_in(const fs::path& dir) { return dir / "log"; }

write_mark voter_log::acknowledged_in(disk& on, const fs::path& dir, voter whose) {
  return mark_file::read(on, mark_path(dir), whose);
}

void voter_log::create(disk& on, const fs::path& dir, record_builder& head, std::uint64_t digest,
                       const segment_sizes& sizes) {
  const write_mark first{1, digest};
  log_writer::create(on, folder_in(dir), head, first, sizes);
  mark_file::create(on, mark_path(dir), first);
}

voter_log::voter_log(disk& on, const fs::path& dir, voter whose, const loaded_log& loaded,
                     const segment_sizes& sizes, head_writer put_head)
    : folder_(folder_in(dir)), slack_bytes_(slack_segments * sizes.usual_bytes),
      put_head_(std::move(put_head)), acknowledged_(on, mark_path(dir), whose),
      writer_(on, folder_, whose, loaded, sizes), mark_(loaded.mark) {
  acknowledged_.put(mark_);
  acknowledged_.sync();
}

voter_log::~voter_log() {
  if (failed_)
    return;
  try {
    acknowledged_.sync();
  } catch (const storage_error&) {
    // The file is a lower bound, so one that lags is good enough.
  }
}

void voter_log::attempt(const std::function<void()>& change) {
  if (failed_)
    fail("write to", folder_, "an earlier write failed, so nobody knows what is on the disk",
         "stop this process; started again, it verifies its files");
  failed_ = true; // until it is known that it did not
  change();
  failed_ = false;
}

void voter_log::make_room(std::uint64_t bytes) {
  if (writer_.has_room(bytes))
    return;
  record_builder head;
  put_head_(head);
  writer_.begin_segment(bytes, head, mark_);
}

void voter_log::append(voter_write& write, std::uint64_t digest) {
  mark_ = {mark_.writes + 1, digest};
  writer_.append(write.record, mark_, std::exchange(write.highest, 0));
  write.record.clear();
  acknowledged_.put(mark_);
}

void voter_log::shorten(std::uint64_t live_bytes, voter_write& empty, std::uint64_t digest,
                        const live_slot& counts) {
  if (writer_.file_bytes() <= 2 * live_bytes + slack_bytes_)
    return;
  const bool was_read = writer_.read_oldest([&](std::string_view key, std::string_view value) {
    if (const auto slot = counts(key, value)) {
      empty.record.put(key, value);
      empty.highest = std::max(empty.highest, *slot);
    }
  });
  if (!was_read)
    return;
  if (!empty.record.empty()) {
    make_room(empty.record.bytes());
    append(empty, digest);
  }
  writer_.oldest_is_obsolete();
}

} // namespace pmmc::storage
