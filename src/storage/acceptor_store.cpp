#include "storage/acceptor_store.hpp"

#include "base/invariant.hpp"
#include "storage/acceptor_log.hpp"
#include "storage/acceptor_recovery.hpp"
#include "storage/mark_file.hpp"
#include "storage/unknown_promises.hpp"

#include <algorithm>

namespace pmmc::storage {

namespace {

std::filesystem::path log_path(const std::filesystem::path& dir) { return dir / "log"; }
std::filesystem::path mark_path(const std::filesystem::path& dir) { return dir / "acknowledged"; }

constexpr std::uint64_t most_without_command = 64 + role_id::max_size; // keys, lengths, ballot
constexpr std::uint64_t most_of_a_write = 64;                          // a record without entries
/// How much more than twice what counts the log may hold before it is written anew: so many usual
/// segments.
constexpr std::uint64_t slack_segments = 8;

std::uint64_t most_bytes(const promise_record&) { return 2 * most_without_command; }
std::uint64_t most_bytes(const collect_record&) { return most_without_command; }
std::uint64_t most_bytes(const accept_record& r) {
  return 2 * most_without_command + r.value.value.size();
}

/// Of long commands, which the record that is built does not hold.
std::uint64_t bytes_beside(const accept_record& r) {
  return record_builder::is_long(r.value.value) ? r.value.value.size() : 0;
}
std::uint64_t bytes_beside(const auto&) { return 0; }

} // namespace

struct acceptor_store::implementation {
  implementation(disk& on, const std::filesystem::path& dir, const segment_sizes& sizes);
  ~implementation();

  void write(std::span<const acceptor_record> records);
  void add(const promise_record& r);
  void add(const accept_record& r);
  void add(const collect_record& r);
  void set_ballot(config_version version, const ballot_num& ballot);
  void make_room(std::uint64_t bytes);
  void append();
  void write_oldest_again();
  bool is_in_force(const pvalue_position& position, std::string_view value) const;

  disk& files;
  std::filesystem::path path;
  std::uint64_t slack_bytes;
  mark_file acknowledged;
  loaded_acceptor loaded; ///< moved out, piece by piece, at the start
  acceptor_log log;
  acceptor_state recovered;
  acceptor_digest digest;
  write_mark mark;
  slot_num watermark = 1;
  std::map<config_version, ballot_num> ballots;
  record_builder record; ///< the write at hand
  slot_num highest = 0;  ///< in it
  bool failed = false;
};

acceptor_store::implementation::implementation(disk& on, const std::filesystem::path& dir,
                                               const segment_sizes& sizes)
    : files(on), path(log_path(dir)), slack_bytes(slack_segments * sizes.usual_bytes),
      acknowledged(on, mark_path(dir)),
      loaded(load_acceptor(on, path, mark_file::read(on, mark_path(dir)))),
      log(on, path, loaded, sizes), recovered(std::move(loaded.state)),
      digest(std::move(loaded.digest)), mark(loaded.mark), watermark(recovered.watermark) {
  for (const auto& [version, votes] : recovered.by_version)
    ballots[version] = votes.ballot;
  loaded = {};
  acknowledged.put(mark);
  acknowledged.sync();
}

acceptor_store::implementation::~implementation() {
  if (failed)
    return;
  try {
    acknowledged.sync();
  } catch (const storage_error&) {
    // The file is a lower bound, so one that lags is good enough.
  }
}

void acceptor_store::implementation::set_ballot(config_version version, const ballot_num& ballot) {
  const auto [held, is_new] = ballots.try_emplace(version);
  PMMC_INVARIANT(ballot >= held->second, "A1: ballot_num only grows");
  if (!is_new && held->second == ballot)
    return;
  held->second = ballot;
  const auto value = encode(ballot);
  record.put(ballot_key(version), value);
  digest.set_ballot(version, value);
}

void acceptor_store::implementation::add(const promise_record& r) {
  set_ballot(r.version, r.ballot);
}

void acceptor_store::implementation::add(const accept_record& r) {
  PMMC_INVARIANT(r.value.slot >= watermark, "A3: nothing is accepted below the watermark");
  set_ballot(r.version, r.value.ballot);
  digest.set_pvalue(r.version, r.value.slot, record.put(r.version, r.value));
  highest = std::max(highest, r.value.slot);
}

void acceptor_store::implementation::add(const collect_record& r) {
  if (r.watermark <= watermark)
    return;
  watermark = r.watermark;
  record.put(watermark_key, encode_slot(watermark));
  digest.set_watermark(watermark);
}

/// Before anything of the write at hand: a new segment repeats what counts without it.
void acceptor_store::implementation::make_room(std::uint64_t bytes) {
  if (log.has_room(bytes))
    return;
  record_builder head;
  head.put(watermark_key, encode_slot(watermark));
  for (const auto& [version, ballot] : ballots)
    head.put(ballot_key(version), encode(ballot));
  log.begin_segment(bytes, head, mark);
}

void acceptor_store::implementation::append() {
  mark = {mark.writes + 1, digest.value()};
  log.append(record, mark, highest);
  record.clear();
  highest = 0;
  acknowledged.put(mark);
}

void acceptor_store::implementation::write(std::span<const acceptor_record> records) {
  auto bytes = most_of_a_write;
  auto beside = std::uint64_t{0};
  for (const auto& each : records) {
    bytes += std::visit([](const auto& r) { return most_bytes(r); }, each);
    beside += std::visit([](const auto& r) { return bytes_beside(r); }, each);
  }
  make_room(bytes);
  record.reserve(bytes - beside);
  for (const auto& each : records)
    std::visit([&](const auto& r) { add(r); }, each);
  append();
  log.release_oldest(watermark);
  if (log.file_bytes() > 2 * digest.pvalue_bytes() + slack_bytes)
    write_oldest_again();
}

/// Neither collected nor replaced by a later ballot's.
bool acceptor_store::implementation::is_in_force(const pvalue_position& position,
                                                 std::string_view value) const {
  return position.slot >= watermark && digest.holds(position.version, position.slot, value);
}

/// Garbage collection frees segments. Where it stands still and ballots come and go, what they
/// replaced is freed here.
void acceptor_store::implementation::write_oldest_again() {
  const auto* oldest = log.oldest_closed();
  if (oldest == nullptr)
    return;
  segment_reader reader{files, oldest->place};
  std::uint64_t bytes = most_of_a_write;
  for (log_record old; reader.next(old);)
    for_each_entry(old.entries, [&](std::string_view key, std::string_view value) {
      if (const auto position = parse_pvalue_key(key); position && is_in_force(*position, value)) {
        record.put(key, value);
        bytes += most_without_command + value.size();
        highest = std::max(highest, position->slot);
      }
      return true;
    });
  if (reader.offset() != oldest->end)
    refuse_promises(oldest->place.path, "a record that was written is damaged");
  if (!record.empty()) {
    make_room(bytes);
    append();
  }
  log.oldest_is_obsolete();
}

void acceptor_store::create(disk& on, const std::filesystem::path& dir,
                            const segment_sizes& sizes) {
  acceptor_digest digest;
  digest.set_watermark(1);
  const write_mark first{1, digest.value()};
  record_builder head;
  head.put(watermark_key, encode_slot(1));
  acceptor_log::create(on, log_path(dir), head, first, sizes);
  mark_file::create(on, mark_path(dir), first);
}

acceptor_store::acceptor_store(const data_directory& directory, const segment_sizes& sizes) {
  PMMC_INVARIANT(directory.is_writable() && directory.info().kind == role_kind::acceptor,
                 "an acceptor's store opens in a locked directory of an acceptor");
  implementation_ = std::make_unique<implementation>(directory.files(), directory.path(), sizes);
}

acceptor_store::~acceptor_store() = default;
acceptor_store::acceptor_store(acceptor_store&&) noexcept = default;
acceptor_store& acceptor_store::operator=(acceptor_store&&) noexcept = default;

acceptor_state acceptor_store::take_recovered() { return std::move(implementation_->recovered); }

std::uint64_t acceptor_store::writes() const { return implementation_->mark.writes; }

void acceptor_store::write(std::span<const acceptor_record> records) {
  auto& self = *implementation_;
  if (self.failed)
    fail("write to", self.path, "an earlier write failed, so nobody knows what is on the disk",
         "stop this process; started again, it verifies its files");
  if (records.empty())
    return;
  self.failed = true; // until it is known that it did not
  self.write(records);
  self.failed = false;
}

} // namespace pmmc::storage
