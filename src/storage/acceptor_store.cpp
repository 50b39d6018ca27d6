#include "storage/acceptor_store.hpp"

#include "base/invariant.hpp"
#include "storage/acceptor_codec.hpp"
#include "storage/acceptor_recovery.hpp"
#include "storage/voter_log.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::storage {

namespace {

constexpr std::uint64_t most_without_command = 64 + role_id::max_size; // keys, lengths, ballot
constexpr std::uint64_t most_of_a_write = 64;                          // a record without entries

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
  implementation(disk& on, const std::filesystem::path& dir, loaded_acceptor loaded,
                 const segment_sizes& sizes);

  void write(std::span<const acceptor_record> records);
  void add(const promise_record& r);
  void add(const accept_record& r);
  void add(const collect_record& r);
  void set_ballot(config_version version, const ballot_num& ballot);
  void put_head(record_builder& head) const;
  bool is_in_force(const pvalue_position& position, std::string_view value) const;

  voter_log log;
  acceptor_state recovered;
  acceptor_digest digest;
  slot_num watermark = 1;
  std::map<config_version, ballot_num> ballots;
  voter_write at_hand;
};

acceptor_store::implementation::implementation(disk& on, const std::filesystem::path& dir,
                                               loaded_acceptor loaded, const segment_sizes& sizes)
    : log(on, dir, voter::acceptor, loaded, sizes,
          [this](record_builder& head) { put_head(head); }),
      recovered(std::move(loaded.state)), digest(std::move(loaded.digest)),
      watermark(recovered.watermark) {
  for (const auto& [version, votes] : recovered.by_version)
    ballots[version] = votes.ballot;
}

void acceptor_store::implementation::set_ballot(config_version version, const ballot_num& ballot) {
  const auto [held, is_new] = ballots.try_emplace(version);
  PMMC_INVARIANT(ballot >= held->second, "A1: ballot_num only grows");
  if (!is_new && held->second == ballot)
    return;
  held->second = ballot;
  const auto value = encode(ballot);
  at_hand.record.put(ballot_key(version), value);
  digest.set_ballot(version, value);
}

void acceptor_store::implementation::add(const promise_record& r) {
  set_ballot(r.version, r.ballot);
}

void acceptor_store::implementation::add(const accept_record& r) {
  PMMC_INVARIANT(r.value.slot >= watermark, "A3: nothing is accepted below the watermark");
  set_ballot(r.version, r.value.ballot);
  digest.set_pvalue(r.version, r.value.slot, at_hand.record.put(r.version, r.value));
  at_hand.highest = std::max(at_hand.highest, r.value.slot);
}

void acceptor_store::implementation::add(const collect_record& r) {
  if (r.watermark <= watermark)
    return;
  watermark = r.watermark;
  at_hand.record.put(watermark_key, encode_slot(watermark));
  digest.set_watermark(watermark);
}

void acceptor_store::implementation::put_head(record_builder& head) const {
  head.put(watermark_key, encode_slot(watermark));
  for (const auto& [version, ballot] : ballots)
    head.put(ballot_key(version), encode(ballot));
}

void acceptor_store::implementation::write(std::span<const acceptor_record> records) {
  auto bytes = most_of_a_write;
  auto beside = std::uint64_t{0};
  for (const auto& each : records) {
    bytes += std::visit([](const auto& r) { return most_bytes(r); }, each);
    beside += std::visit([](const auto& r) { return bytes_beside(r); }, each);
  }
  log.make_room(bytes); // before anything of the write: a head is the state without it
  at_hand.record.reserve(bytes - beside);
  for (const auto& each : records)
    std::visit([&](const auto& r) { add(r); }, each);
  log.append(at_hand, digest.value());
  log.release_oldest(watermark);
  log.shorten(digest.pvalue_bytes(), at_hand, digest.value(),
              [&](std::string_view key, std::string_view value) {
                const auto position = parse_pvalue_key(key);
                return position && is_in_force(*position, value) ? std::optional{position->slot}
                                                                 : std::nullopt;
              });
}

/// Neither collected nor replaced by a later ballot's.
bool acceptor_store::implementation::is_in_force(const pvalue_position& position,
                                                 std::string_view value) const {
  return position.slot >= watermark && digest.holds(position.version, position.slot, value);
}

void acceptor_store::create(disk& on, const std::filesystem::path& dir,
                            const segment_sizes& sizes) {
  acceptor_digest digest;
  digest.set_watermark(1);
  record_builder head;
  head.put(watermark_key, encode_slot(1));
  voter_log::create(on, dir, head, digest.value(), sizes);
}

acceptor_store::acceptor_store(const data_directory& directory, const segment_sizes& sizes) {
  PMMC_INVARIANT(directory.is_writable() && directory.info().kind == role_kind::acceptor,
                 "an acceptor's store opens in a locked directory of an acceptor");
  auto& on = directory.files();
  const auto& dir = directory.path();
  const auto told = voter_log::acknowledged_in(on, dir, voter::acceptor);
  implementation_ = std::make_unique<implementation>(
      on, dir, load_acceptor(on, voter_log::folder_in(dir), told), sizes);
}

acceptor_store::~acceptor_store() = default;
acceptor_store::acceptor_store(acceptor_store&&) noexcept = default;
acceptor_store& acceptor_store::operator=(acceptor_store&&) noexcept = default;

acceptor_state acceptor_store::take_recovered() { return std::move(implementation_->recovered); }

std::uint64_t acceptor_store::writes() const { return implementation_->log.writes(); }

void acceptor_store::write(std::span<const acceptor_record> records) {
  implementation_->log.attempt([&] {
    if (!records.empty())
      implementation_->write(records);
  });
}

} // namespace pmmc::storage
