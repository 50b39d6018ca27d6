#include "storage/raft_store.hpp"

#include "base/invariant.hpp"
#include "storage/raft_codec.hpp"
#include "storage/raft_recovery.hpp"
#include "storage/voter_log.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::storage {

namespace {

/// What each segment begins with, so that those before it may go.
struct carried_state {
  std::string term;
  std::string base;

  explicit carried_state(const raft::persistent_state& state)
      : term(encode(raft::term_record{state.term, state.voted_for})),
        base(encode(raft::base_record{state.log.base(), state.log.base_members()})) {}

  void put_into(record_builder& head) const {
    head.put(term_key, term);
    head.put(base_key, base);
  }
};

} // namespace

struct raft_store::implementation {
  implementation(disk& on, const std::filesystem::path& dir, loaded_server loaded,
                 const segment_sizes& sizes);

  void write(std::span<const raft::record> records);
  void add(const raft::term_record& r);
  void add(const raft::append_record& r);
  void add(const raft::truncate_record& r);
  void add(const raft::base_record& r);
  void cut(slot_num from);

  voter_log log;
  raft::persistent_state recovered;
  raft::persistent_state state; ///< with the write at hand
  raft_digest digest;           ///< of `state`
  carried_state now;            ///< of `state`
  carried_state durable;        ///< without the write at hand
  voter_write at_hand;
};

raft_store::implementation::implementation(disk& on, const std::filesystem::path& dir,
                                           loaded_server loaded, const segment_sizes& sizes)
    : log(on, dir, voter::server, loaded, sizes,
          [this](record_builder& head) { durable.put_into(head); }),
      recovered(loaded.state), state(std::move(loaded.state)), digest(std::move(loaded.digest)),
      now(state), durable(now) {}

void raft_store::implementation::add(const raft::term_record& r) {
  state.apply(r);
  now.term = encode(r);
  at_hand.record.put(term_key, now.term);
  digest.set_term(now.term);
}

void raft_store::implementation::add(const raft::append_record& r) {
  state.apply(r);
  const auto value =
      at_hand.record.put(entry_key(r.index), encode_without_command(r.what), r.what.value);
  digest.set_entry(r.index, value);
  at_hand.highest = std::max(at_hand.highest, r.index);
}

/// A truncation is told, never an edit in place: what is cut off is there until its segment goes.
void raft_store::implementation::cut(slot_num from) {
  at_hand.record.put(cut_key, encode_slot(from));
  digest.cut(from);
  at_hand.highest = std::min(at_hand.highest, from - 1);
  log.forget_from(from);
}

void raft_store::implementation::add(const raft::truncate_record& r) {
  state.apply(r);
  cut(r.from);
}

/// Whether the entries behind the base stay is told, not left to who reads it: where segments are
/// gone, the entry at the base is, too.
void raft_store::implementation::add(const raft::base_record& r) {
  PMMC_INVARIANT(r.base.index >= state.log.base().index, "what is in a snapshot stays there");
  if (!state.log.has(r.base))
    cut(state.log.first());
  state.apply(r);
  now.base = encode(raft::base_record{state.log.base(), state.log.base_members()});
  at_hand.record.put(base_key, now.base);
  digest.set_base(r.base.index, now.base);
}

void raft_store::implementation::write(std::span<const raft::record> records) {
  for (const auto& each : records)
    std::visit([&](const auto& r) { add(r); }, each);
  log.make_room(at_hand.record.bytes());
  log.append(at_hand, digest.value());
  durable = now;
  log.release_oldest(state.log.first());
  log.shorten(digest.entry_bytes(), at_hand, digest.value(),
              [&](std::string_view key, std::string_view value) {
                const auto index = parse_entry_key(key);
                return index && digest.holds(*index, value) ? index : std::nullopt;
              });
}

void raft_store::create(disk& on, const std::filesystem::path& dir, raft::server_set first,
                        const segment_sizes& sizes) {
  const auto founding = raft::founding_state(std::move(first));
  const carried_state carried{founding};
  record_builder head;
  carried.put_into(head);
  raft_digest digest;
  digest.set_term(carried.term);
  digest.set_base(founding.log.base().index, carried.base);
  voter_log::create(on, dir, head, digest.value(), sizes);
}

raft_store::raft_store(const data_directory& directory, const segment_sizes& sizes) {
  PMMC_INVARIANT(directory.is_writable(), "a server's store opens in a locked directory");
  auto& on = directory.files();
  const auto& dir = directory.path();
  const auto told = voter_log::acknowledged_in(on, dir, voter::server);
  implementation_ = std::make_unique<implementation>(
      on, dir, load_server(on, voter_log::folder_in(dir), told), sizes);
}

raft_store::~raft_store() = default;
raft_store::raft_store(raft_store&&) noexcept = default;
raft_store& raft_store::operator=(raft_store&&) noexcept = default;

raft::persistent_state raft_store::take_recovered() {
  return std::move(implementation_->recovered);
}

std::uint64_t raft_store::writes() const { return implementation_->log.writes(); }

void raft_store::write(std::span<const raft::record> records) {
  implementation_->log.attempt([&] {
    if (!records.empty())
      implementation_->write(records);
  });
}

} // namespace pmmc::storage
