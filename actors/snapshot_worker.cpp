#include "snapshot_worker.hpp"

#include "storage/snapshot_format.hpp"

#include <optional>

namespace pmmc {

namespace {

constexpr std::size_t piece_bytes = 256 << 10;

struct worker_state {
  role_id replica;
  storage::snapshot_store snapshots;
  state_factory make_state;
  std::optional<storage::snapshot_receiver> incoming;
};

/// Throws snapshot_damaged if the state cannot be restored from what was written.
snapshot_saved save(worker_state& w, const save_snapshot& m) {
  const auto slot = m.state->slot_out();
  auto writer = w.snapshots.write(slot);
  m.state->write(writer.stream());
  writer.commit([&](storage::snapshot_reader& written) {
    const auto restored = storage::restore_state(written, w.make_state);
    if (restored->fingerprint() != m.state->fingerprint())
      written.refuse("what is restored from it is another state than the one written");
  });
  w.snapshots.remove_older();
  return {slot};
}

piece_read read(const worker_state& w, const read_piece& m) {
  auto slot = m.what.slot;
  if (slot == 0)
    slot = w.snapshots.latest().value_or(0);
  snapshot_chunk chunk{w.replica, slot, m.what.offset, 0, {}};
  if (auto piece =
          slot == 0 ? std::nullopt : w.snapshots.read_raw(slot, m.what.offset, piece_bytes)) {
    chunk.total = piece->total;
    chunk.bytes = std::move(piece->bytes);
  } else {
    chunk.slot = 0; // gone: newer ones have taken its place
  }
  return {m.what.to, std::move(chunk)};
}

/// The state, when the last piece has come and everything is verified, restored and durable.
std::optional<snapshot_fetched> store(worker_state& w, const store_piece& m) {
  if (m.chunk.offset == 0 || !w.incoming)
    w.incoming.emplace(w.snapshots.receive(m.chunk.slot, m.chunk.total));
  if (w.incoming->slot() != m.chunk.slot || w.incoming->total() != m.chunk.total ||
      w.incoming->offset() < m.chunk.offset) {
    w.incoming.reset();
    return snapshot_fetched{{}, "its pieces do not make one file"};
  }
  w.incoming->append(m.chunk.offset, m.chunk.bytes);
  if (!w.incoming->complete())
    return std::nullopt;
  std::unique_ptr<replicated_state> state;
  const bool good = w.incoming->commit([&](storage::snapshot_reader& whole) {
    state = storage::restore_state(whole, w.make_state);
  });
  auto why = w.incoming->problem();
  w.incoming.reset();
  if (!good)
    return snapshot_fetched{{}, std::move(why)};
  w.snapshots.remove_older();
  return snapshot_fetched{std::move(state), {}};
}

} // namespace

std::unique_ptr<replicated_state> restore_snapshot(const storage::snapshot_store& snapshots,
                                                   slot_num slot, const state_factory& make_state) {
  auto reader = snapshots.read(slot);
  return storage::restore_state(reader, make_state);
}

caf::behavior snapshot_worker(caf::event_based_actor* self, role_id replica,
                              storage::snapshot_store snapshots, state_factory make_state) {
  set_shell_handlers(self, replica.str() + "'s snapshots");
  auto w = std::make_shared<worker_state>(
      worker_state{replica, std::move(snapshots), std::move(make_state), std::nullopt});
  const auto answer = [self](auto m) {
    self->send(caf::actor_cast<caf::actor>(self->current_sender()), std::move(m));
  };
  return {
      [=](const save_snapshot& m) {
        try {
          answer(save(*w, m));
        } catch (const storage::snapshot_damaged& e) {
          answer(snapshot_unreadable{e.what()});
        }
      },
      [=](const read_piece& m) { answer(read(*w, m)); },
      [=](const store_piece& m) {
        if (auto fetched = store(*w, m))
          answer(std::move(*fetched));
      },
  };
}

} // namespace pmmc
