#include "acceptor_actor.hpp"

#include "known_disk.hpp"

namespace pmmc {

namespace {

/// Joins the outputs of everything that was handled since the last flush: persist, then send.
void flush(caf::event_based_actor* self, acceptor_shell& shell) {
  shell.flush_due = false;
  auto out = shell.core.take();
  if (!out.persist.empty()) {
    const auto began = steady_ns();
    shell.store.write(
        out.persist); // throws if the disk fails: the exception handler ends the process
    shell.counted.sync_seconds.observe(seconds_since(began));
    shell.counted.records += out.persist.size();
  }
  stamp_records(out.send, shell.store.writes());
  send_all(caf::actor{self}, shell.id, shell.peers, std::move(out.send));
}

role_status status_of(const acceptor_shell& shell) {
  role_status status;
  status.id = shell.id;
  status.kind = role_kind::acceptor;
  status.state = shell.core.current_vitals();
  status.format_id = shell.directory.info().format_id;
  status.is_fresh = shell.core.state().by_version.empty() && shell.core.state().watermark == 1;
  status.uncounted = shell.uncounted;
  status.known_disks = shell.durable.known().format_ids();
  status.disk_bytes = storage::disk_bytes(shell.directory.path());
  return status;
}

/// The flush stands behind everything that is in the mailbox already.
template <class Message>
void handle(caf::event_based_actor* self, acceptor_shell& shell, const Message& m) {
  shell.core.on(m);
  if (!std::exchange(shell.flush_due, true))
    self->send(self, flush_atom::value);
}

/// A leader that was formatted again may be on its way here before it is introduced. What is
/// dropped is sent again, and it could not be answered anyway.
template <class Message>
void handle_leader(caf::event_based_actor* self, acceptor_shell& shell, const Message& m) {
  if (shell.peers.is_up(m.leader, self->current_sender()))
    handle(self, shell, m);
}

role_metrics metrics_of(caf::event_based_actor* self, const acceptor_shell& shell) {
  auto counted = shell.counted;
  counted.accepted_bytes = shell.core.accepted_bytes();
  for (const auto& [version, votes] : shell.core.state().by_version)
    counted.pvalues += votes.accepted.size();
  return {status_of(shell), self->mailbox().size(), std::move(counted)};
}

} // namespace

caf::behavior acceptor_actor(caf::event_based_actor* self, std::shared_ptr<acceptor_shell> shell) {
  set_shell_handlers(self, shell->id.str());
  return {
      [=](const p1a& m) { handle_leader(self, *shell, m); },
      [=](const p2a& m) { handle_leader(self, *shell, m); },
      [=](const read_probe& m) { handle(self, *shell, m); },
      [=](const ping& m) {
        note_records(self, *shell, m);
        handle(self, *shell, m);
        tell_node(self, shell->members, shell->core.known_members());
      },
      [=](const config_news& m) {
        shell->core.on(m);
        tell_node(self, shell->members, shell->core.known_members());
      },
      [=](const members_news& m) { hear_from_node(self, shell->members, shell->core, m); },
      [=](const pong&) {},
      [=](flush_atom) { flush(self, *shell); },
      [=](const peer_up& m) { meet_peer(*shell, m.role); },
      [=](const peer_down& m) { lose_peer(*shell, m.id); },
      [=](const disk_refused& m) { stop_if_refused(shell->id, shell->own, m); },
      [=](const status_request&) { return status_of(*shell); },
      [=](const metrics_request&) { return metrics_of(self, *shell); },
  };
}

} // namespace pmmc
