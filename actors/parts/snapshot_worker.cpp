#include "parts/snapshot_worker.hpp"

#include "storage/snapshot_format.hpp"

namespace pmmc {

caf::behavior snapshot_worker(caf::event_based_actor* self, role_id replica,
                              storage::snapshot_keeper snapshots) {
  set_shell_handlers(self, replica.str() + "'s snapshots");
  auto keeper = std::make_shared<storage::snapshot_keeper>(std::move(snapshots));
  const auto answer = [self](auto m) {
    self->send(caf::actor_cast<caf::actor>(self->current_sender()), std::move(m));
  };
  return {
      [=](const save_snapshot& m) {
        try {
          keeper->save(*m.state);
          answer(snapshot_saved{m.state->slot_out()});
        } catch (const storage::snapshot_damaged& e) {
          answer(snapshot_unreadable{e.what()});
        }
      },
      [=](const read_piece& m) {
        answer(piece_read{m.what.to, keeper->read(m.what)});
      },
      [=](const store_piece& m) {
        if (auto fetched = keeper->store(m.chunk))
          answer(snapshot_fetched{std::move(fetched->state), std::move(fetched->why)});
      },
  };
}

} // namespace pmmc
