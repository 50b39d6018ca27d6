#include "parts/replica_actor.hpp"

#include "caf/caf_error.hpp"
#include "parts/export_reader.hpp"
#include "redis/redis_messages.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

/// Between two turns of large answers: time for everybody else.
constexpr std::chrono::milliseconds others_turn{1};

void handle_client(caf::event_based_actor* self, replica_shell& shell, client_requests& m) {
  shell.times.note_arrival(m, shell.core.state().machine());
  for (auto& r : m.requests)
    shell.core.on(m.client, std::move(r));
  for (auto& q : m.queries)
    shell.core.on(m.client, std::move(q));
  flush_later(self, shell);
}

/// Answers who waits for the last snapshot, or has it written.
void go_on_to_last_snapshot(caf::event_based_actor* self, replica_shell& shell) {
  if (!shell.waits_for_it)
    return;
  if (shell.core.snapshot_slot() >= shell.last_slot) {
    self->send(std::exchange(shell.waits_for_it, nullptr), save_atom::value);
  } else {
    shell.core.save_now(); // or again, when the one that is being written is done
    flush_later(self, shell);
  }
}

void take_over(caf::event_based_actor* self, replica_shell& shell, const snapshot_fetched& m) {
  if (!m.state) {
    spdlog::warn("{} got a snapshot that it cannot use, and asks again: {}", shell.id.view(),
                 m.why);
    shell.core.snapshot_rejected();
  } else {
    spdlog::info("{} takes over the state at slot {}", shell.id.view(), m.state->slot_out());
    shell.core.install(m.state->clone());
  }
  flush_later(self, shell);
}

/// Linked, so that nothing of the replica outlives it.
template <class... Args>
caf::actor spawn_helper(caf::event_based_actor* self, const replica_shell& shell, Args&&... args) {
  return shell.helpers_detached
             ? self->spawn<caf::linked + caf::detached>(std::forward<Args>(args)...)
             : self->spawn<caf::linked>(std::forward<Args>(args)...);
}

/// For whoever asks: its end is the reader's, too.
caf::result<export_ready> open_export(caf::event_based_actor* self, replica_shell& shell) {
  std::erase_if(shell.frozen, [](const auto& state) { return state.expired(); });
  if (shell.frozen.size() >= max_exports)
    return refusal_in_words("it serves " + std::to_string(max_exports) +
                            " exports already, as many as it may at a time");
  const frozen_state frozen{shell.core.state().clone()};
  shell.frozen.push_back(frozen.state);
  return export_ready{shell.core.slot_out(),
                      spawn_helper(self, shell, export_reader, shell.id, frozen,
                                   caf::actor_cast<caf::actor>(self->current_sender()))};
}

/// Of the acceptors that count at present.
acceptor_progress progress_of(const replica& core) {
  acceptor_progress progress{core.slot_out(), core.accepted()};
  const auto& config = core.state().configurations().latest();
  std::erase_if(progress.accepted, [&](const auto& a) { return !config.has_acceptor(a.first); });
  return progress;
}

} // namespace

replica_shell::replica_shell(replica::settings options, storage::data_directory opened,
                             state_factory make)
    : role_shell(options.id, std::move(opened)), snapshots(directory), make_state(std::move(make)),
      core(options, storage::newest_state(snapshots, make_state), snapshots.latest().has_value()) {
  if (const auto part = snapshots.unfinished(); part && part->total() > 0) {
    spdlog::info("{} has {} of {} bytes of a snapshot at slot {}", id.view(), part->offset(),
                 part->total(), part->slot());
    core.resume_fetch(part->slot(), std::min(part->offset(), part->total() - 1));
  }
}

/// Who differs is logged once; the one that is wrong ends.
void replica_shell::ticked() {
  if (core.differing() == reported && !core.is_outvoted())
    return;
  reported = core.differing();
  std::string others;
  for (const auto& [id, slot] : reported)
    others += (others.empty() ? "" : ", ") + id.str() + " (slot " + std::to_string(slot) + ")";
  if (core.is_outvoted())
    fatal(id.view(),
          "more than half of the replicas have done the same, and something else than this one: " +
              others +
              ". Keep its data directory for a report, move it away, and run `pmmc init "
              "--id " +
              id.str() +
              "`: it then fetches the state from the others (docs/OPERATIONS.md, \"Replicas "
              "differ\")");
  if (!others.empty())
    spdlog::error("{} has done something else than {}, and no majority says who is wrong. Stop "
                  "writing (docs/OPERATIONS.md, \"Replicas differ\")",
                  id.view(), others);
}

void replica_shell::flush() {
  if (const auto& why = core.state().refusal(); !why.empty())
    fatal(id.view(), why);
  core.flush();
}

void replica_shell::carry_out_rest(caf::event_based_actor* self, replica_outputs& out) {
  if (out.save_snapshot)
    self->send(worker, save_snapshot{std::move(out.save_snapshot)});
  for (auto& piece : out.read_snapshot)
    self->send(worker, read_piece{piece});
  for (auto& piece : out.store_snapshot)
    self->send(worker, store_piece{std::move(piece)});
  if (core.has_reads_to_answer() && !std::exchange(reads_due, true))
    self->delayed_send(self, others_turn, more_reads_atom::value);
}

void replica_shell::complete(role_status& status, bool with_fingerprint) const {
  status.is_fresh = core.slot_out() == 1;
  for (const auto* config : core.state().configurations().from(core.slot_out()))
    status.configurations.push_back(*config);
  status.differing = core.differing();
  status.fetched_bytes = core.fetched_bytes();
  status.proposes = core.proposes();
  status.machine = core.state().machine().name();
  status.pending_requests = core.pending_requests();
  status.sessions = core.state().sessions().size();
  if (with_fingerprint)
    status.fingerprint = core.state().fingerprint();
}

replica_metrics replica_shell::metrics() const {
  return {core.counters(), core.gauges(), times.by_operation()};
}

caf::behavior replica_actor(caf::event_based_actor* self, std::shared_ptr<replica_shell> shell) {
  auto handlers =
      part_handlers(self, shell, [=](client_requests& m) { handle_client(self, *shell, m); });
  shell->worker =
      spawn_helper(self, *shell, snapshot_worker, shell->id,
                   storage::snapshot_keeper{shell->id, shell->snapshots, shell->make_state});
  return handlers.or_else(
      [=](more_reads_atom) {
        shell->reads_due = false;
        carry_out(self, *shell);
      },
      [=](const snapshot_saved& m) {
        shell->core.snapshot_saved(m.slot);
        go_on_to_last_snapshot(self, *shell);
        flush_later(self, *shell);
      },
      [=](const snapshot_unreadable& m) {
        spdlog::error("{} keeps its snapshot before, and the log since then: {}", shell->id.view(),
                      m.why);
        shell->core.snapshot_failed();
        flush_later(self, *shell);
      },
      [=](const piece_read& m) {
        send_all(caf::actor{self}, shell->id, shell->peers, {{m.to, m.chunk}});
      },
      [=](const snapshot_fetched& m) { take_over(self, *shell, m); },
      [=](save_atom) {
        shell->last_slot = shell->core.slot_out();
        shell->waits_for_it = caf::actor_cast<caf::actor>(self->current_sender());
        go_on_to_last_snapshot(self, *shell);
      },
      [=](acceptor_progress_request) { return progress_of(shell->core); },
      [=](const export_open&) { return open_export(self, *shell); });
}

} // namespace pmmc
