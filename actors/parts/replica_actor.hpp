// The replica as an actor.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "parts/state_shell.hpp"

#include <memory>

namespace pmmc {

struct replica_shell : state_shell {
  /// Restores the newest snapshot, if there is one. Throws storage_error if it is damaged.
  replica_shell(replica::settings options, storage::data_directory opened, state_factory make);

  void ticked() { report_differing(core.differing(), core.is_outvoted()); }
  /// The log gets to know their disks.
  void has_met() { core.met_disks(durable.known().format_ids()); }
  void flush() { flush_state(*this); }
  void carry_out_rest(caf::event_based_actor* self, replica_outputs& out) {
    carry_out_state(self, *this, out);
  }
  void complete(role_status& status, bool with_fingerprint) const {
    complete_with_state(status, core, with_fingerprint);
  }
  replica_metrics metrics() const;

  replica core;
};

/// All messages that are in the mailbox are handled before the replica proposes or answers, so that
/// what comes together travels together.
///
/// client_requests                          → client_replies, in the end
/// handoff, decision, collected, ping, pong,
/// read_probe_reply, catchup, catchup_reply,
/// snapshot_request, snapshot_chunk         → the core
/// members_news                             → which configurations others know
/// peer_up, peer_down                       → whom it can reach
/// status_request                           → role_status
/// metrics_request                          → role_metrics
/// save_atom                                → save_atom, when all that is performed is in a
///                                            snapshot
/// export_open                              → export_ready, or an error in words
caf::behavior replica_actor(caf::event_based_actor* self, std::shared_ptr<replica_shell> shell);

} // namespace pmmc
