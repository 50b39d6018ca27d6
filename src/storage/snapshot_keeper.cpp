#include "storage/snapshot_keeper.hpp"

#include <utility>

namespace pmmc::storage {

snapshot_keeper::snapshot_keeper(role_id replica, snapshot_store snapshots,
                                 state_factory make_state, std::size_t piece_bytes)
    : replica_(std::move(replica)), snapshots_(std::move(snapshots)),
      make_state_(std::move(make_state)), piece_bytes_(piece_bytes) {}

std::unique_ptr<replicated_state> newest_state(const snapshot_store& snapshots,
                                               const state_factory& make_state) {
  const auto slot = snapshots.latest();
  if (!slot)
    return make_state();
  auto newest = snapshots.read(*slot);
  return restore_state(newest, make_state);
}

void snapshot_keeper::save(const replicated_state& state) {
  auto writer = snapshots_.write(state.slot_out());
  state.write(writer.stream());
  writer.commit([&](snapshot_reader& written) {
    const auto restored = restore_state(written, make_state_);
    if (restored->fingerprint() != state.fingerprint())
      written.refuse("what is restored from it is another state than the one written");
  });
  snapshots_.remove_older();
}

snapshot_chunk snapshot_keeper::read(const replica_outputs::read_piece& what) const {
  const auto slot = what.slot == 0 ? snapshots_.latest().value_or(0) : what.slot;
  auto piece = slot == 0 ? std::nullopt : snapshots_.read_raw(slot, what.offset, piece_bytes_);
  if (!piece)
    return {replica_, 0, what.offset, 0, {}}; // gone: newer ones have taken its place
  return {replica_, slot, what.offset, piece->total, std::move(piece->bytes)};
}

std::optional<snapshot_keeper::fetched> snapshot_keeper::store(const snapshot_chunk& piece) {
  if (piece.offset == 0 || !incoming_)
    incoming_.emplace(snapshots_.receive(piece.slot, piece.total));
  if (incoming_->slot() != piece.slot || incoming_->total() != piece.total ||
      incoming_->offset() < piece.offset) {
    incoming_.reset();
    return fetched{{}, "its pieces do not make one file"};
  }
  incoming_->append(piece.offset, piece.bytes);
  if (!incoming_->complete())
    return std::nullopt;
  std::unique_ptr<replicated_state> state;
  const bool good =
      incoming_->commit([&](snapshot_reader& whole) { state = restore_state(whole, make_state_); });
  auto why = incoming_->problem();
  incoming_.reset();
  if (!good)
    return fetched{{}, std::move(why)};
  snapshots_.remove_older();
  return fetched{std::move(state), {}};
}

} // namespace pmmc::storage
