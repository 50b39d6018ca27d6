#include "storage/simple_store.hpp"

#include "base/invariant.hpp"
#include "storage/simple_codec.hpp"
#include "storage/simple_recovery.hpp"
#include "storage/voter_log.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::storage {

struct simple_store::implementation {
  implementation(disk& on, const std::filesystem::path& dir, loaded_simple_acceptor loaded,
                 const segment_sizes& sizes);

  void write(std::span<const simple::record> records);
  void add(const simple::promise_record& r);
  void add(const simple::accept_record& r);
  void add(const simple::collect_record& r);
  void promise(slot_num slot, simple::proposal_number number);

  voter_log log;
  simple::acceptor_state recovered;
  simple_digest digest;     ///< with the write at hand
  slot_num min = 1;         ///< with the write at hand
  slot_num durable_min = 1; ///< without
  voter_write at_hand;
};

simple_store::implementation::implementation(disk& on, const std::filesystem::path& dir,
                                             loaded_simple_acceptor loaded,
                                             const segment_sizes& sizes)
    : log(on, dir, voter::simple_server, loaded, sizes,
          [this](record_builder& head) { head.put(min_key, encode_slot(durable_min)); }),
      recovered(std::move(loaded.state)), digest(std::move(loaded.digest)), min(recovered.min),
      durable_min(min) {}

/// What each record with a number demands.
void simple_store::implementation::promise(slot_num slot, simple::proposal_number number) {
  PMMC_INVARIANT(slot >= min, "A3: nothing is promised or accepted in slots that are forgotten");
  PMMC_INVARIANT(digest.promised(slot) <= number, "A1: a promise only grows");
  at_hand.highest = std::max(at_hand.highest, slot);
}

void simple_store::implementation::add(const simple::promise_record& r) {
  promise(r.slot, r.number);
  at_hand.record.put(promise_key(r.slot), encode(r.number));
  digest.set_promise(r.slot, r.number);
}

void simple_store::implementation::add(const simple::accept_record& r) {
  promise(r.slot, r.what.number);
  const auto value = at_hand.record.put(accept_key(r.slot), encode(r.what.number), r.what.value);
  digest.set_accepted(r.slot, r.what.number, value);
}

void simple_store::implementation::add(const simple::collect_record& r) {
  if (r.below <= min)
    return;
  min = r.below;
  at_hand.record.put(min_key, encode_slot(min));
  digest.set_min(min);
}

void simple_store::implementation::write(std::span<const simple::record> records) {
  for (const auto& each : records)
    std::visit([&](const auto& r) { add(r); }, each);
  log.make_room(at_hand.record.bytes());
  log.append(at_hand, digest.value());
  durable_min = min;
  log.release_oldest(min);
  log.shorten(
      digest.entry_bytes(), at_hand, digest.value(),
      [&](std::string_view key, std::string_view value) { return digest.live_slot(key, value); });
}

void simple_store::create(disk& on, const std::filesystem::path& dir, const segment_sizes& sizes) {
  const simple::acceptor_state nothing;
  simple_digest digest;
  digest.set_min(nothing.min);
  record_builder head;
  head.put(min_key, encode_slot(nothing.min));
  voter_log::create(on, dir, head, digest.value(), sizes);
}

simple_store::simple_store(const data_directory& directory, const segment_sizes& sizes) {
  PMMC_INVARIANT(directory.is_writable(), "a server's store opens in a locked directory");
  auto& on = directory.files();
  const auto& dir = directory.path();
  const auto told = voter_log::acknowledged_in(on, dir, voter::simple_server);
  implementation_ = std::make_unique<implementation>(
      on, dir, load_simple_acceptor(on, voter_log::folder_in(dir), told), sizes);
}

simple_store::~simple_store() = default;
simple_store::simple_store(simple_store&&) noexcept = default;
simple_store& simple_store::operator=(simple_store&&) noexcept = default;

simple::acceptor_state simple_store::take_recovered() {
  return std::move(implementation_->recovered);
}

std::uint64_t simple_store::writes() const { return implementation_->log.writes(); }

void simple_store::write(std::span<const simple::record> records) {
  implementation_->log.attempt([&] {
    if (!records.empty())
      implementation_->write(records);
  });
}

} // namespace pmmc::storage
