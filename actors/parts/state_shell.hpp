// What the actors have in common whose parts hold the replicated state, whatever decides the log:
// clients and their requests, reads, snapshots and who writes them, exports, what operators are
// told. What differs is in replica_actor and server_actor.
#pragma once

#include "caf/caf_error.hpp"
#include "parts/export_reader.hpp"
#include "parts/part_host.hpp"
#include "parts/snapshot_worker.hpp"
#include "storage/snapshot_store.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// The names of what a part has that holds the state, and with them the functions below, are those
/// of `replica`.
struct state_shell : role_shell {
  state_shell(role_id role, storage::data_directory opened, state_factory make)
      : role_shell(std::move(role), std::move(opened)), snapshots(directory),
        make_state(std::move(make)) {}

  void sends(std::vector<envelope>& out) { times.observe(out); }
  /// What to do with one that is wrong.
  std::string what_then() const;
  /// Who differs is logged once; the one that is wrong ends.
  void report_differing(const std::map<role_id, slot_num>& differing, bool is_outvoted);

  storage::snapshot_store snapshots;
  state_factory make_state;
  caf::actor worker;
  std::vector<std::weak_ptr<const replicated_state>> frozen; ///< those that export readers have
  request_times times;
  slot_num last_slot = 0;  ///< before the stop: a snapshot of the slots below is wanted
  caf::actor waits_for_it; ///< and told when it is durable
  std::map<role_id, slot_num> reported; ///< who differs, as far as logged
  bool reads_due = false;               ///< a turn is to come for reads that are left over: one
  bool helpers_detached =
      true; ///< in threads of their own, since they block; tests step them instead
};

/// Between two turns of large answers: time for everybody else.
inline constexpr std::chrono::milliseconds others_turn{1};

// --- What the shells do -------------------------------------------------------------------------

/// Of another one's snapshot a part may be there already, from before a restart.
template <class Core>
void resume_fetch(const state_shell& shell, Core& core) {
  const auto part = shell.snapshots.unfinished();
  if (!part || part->total() == 0)
    return;
  spdlog::info("{} has {} of {} bytes of a snapshot at slot {}", shell.id.view(), part->offset(),
               part->total(), part->slot());
  core.resume_fetch(part->slot(), std::min(part->offset(), part->total() - 1));
}

template <class Shell>
void flush_state(Shell& shell) {
  if (const auto& why = shell.core.state().refusal(); !why.empty())
    fatal(shell.id.view(), why);
  shell.core.flush();
}

/// What the worker is to do, and a turn for reads that are left over.
template <class Shell, class Outputs>
void carry_out_state(caf::event_based_actor* self, Shell& shell, Outputs& out) {
  if (out.save_snapshot)
    self->send(shell.worker, save_snapshot{std::move(out.save_snapshot)});
  for (auto& piece : out.read_snapshot)
    self->send(shell.worker, read_piece{piece});
  for (auto& piece : out.store_snapshot)
    self->send(shell.worker, store_piece{std::move(piece)});
  if (shell.core.has_reads_to_answer() && !std::exchange(shell.reads_due, true))
    self->delayed_send(self, others_turn, more_reads_atom::value);
}

template <class Core>
void complete_with_state(role_status& status, const Core& core, bool with_fingerprint) {
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

// --- Handlers -----------------------------------------------------------------------------------

template <class Shell>
void handle_client(caf::event_based_actor* self, Shell& shell, client_requests& m) {
  shell.times.note_arrival(m, shell.core.state().machine());
  for (auto& r : m.requests)
    shell.core.on(m.client, std::move(r));
  for (auto& q : m.queries)
    shell.core.on(m.client, std::move(q));
  flush_later(self, shell);
}

/// Answers who waits for the last snapshot, or has it written.
template <class Shell>
void go_on_to_last_snapshot(caf::event_based_actor* self, Shell& shell) {
  if (!shell.waits_for_it)
    return;
  if (shell.core.snapshot_slot() >= shell.last_slot) {
    self->send(std::exchange(shell.waits_for_it, nullptr), save_atom::value);
  } else {
    shell.core.save_now(); // or again, when the one that is being written is done
    flush_later(self, shell);
  }
}

template <class Shell>
void take_over(caf::event_based_actor* self, Shell& shell, const snapshot_fetched& m) {
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

/// Linked, so that nothing of the part outlives it.
template <class... Args>
caf::actor spawn_helper(caf::event_based_actor* self, const state_shell& shell, Args&&... args) {
  return shell.helpers_detached
             ? self->spawn<caf::linked + caf::detached>(std::forward<Args>(args)...)
             : self->spawn<caf::linked>(std::forward<Args>(args)...);
}

/// For whoever asks: its end is the reader's, too.
caf::result<export_ready> open_export(caf::event_based_actor* self, state_shell& shell,
                                      const replicated_state& state);

/// Those of the part's own messages (part_host.hpp), of its clients, of its helpers, and of who
/// stops it or exports its state. Spawns the snapshots' worker.
template <class Shell>
caf::message_handler state_handlers(caf::event_based_actor* self,
                                    const std::shared_ptr<Shell>& shell) {
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
      [=](const export_open&) { return open_export(self, *shell, shell->core.state()); });
}

} // namespace pmmc
