// The replica as an actor.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "parts/part_host.hpp"
#include "parts/snapshot_worker.hpp"
#include "storage/snapshot_store.hpp"

#include <memory>
#include <set>
#include <vector>

namespace pmmc {

struct replica_shell : role_shell {
  /// Restores the newest snapshot, if there is one. Throws storage_error if it is damaged.
  replica_shell(replica::settings options, storage::data_directory opened, state_factory make);

  void ticked();
  /// The log gets to know their disks.
  void has_met() { core.met_disks(durable.known().format_ids()); }
  void flush();
  void sends(std::vector<envelope>& out) { times.observe(out); }
  void carry_out_rest(caf::event_based_actor* self, replica_outputs& out);
  void complete(role_status& status, bool with_fingerprint) const;
  replica_metrics metrics() const;

  storage::snapshot_store snapshots;
  state_factory make_state;
  replica core;
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
/// snapshot export_open                              → export_ready, or an error in words
caf::behavior replica_actor(caf::event_based_actor* self, std::shared_ptr<replica_shell> shell);

} // namespace pmmc
