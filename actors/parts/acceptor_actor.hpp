// The acceptor as an actor.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "parts/part_host.hpp"
#include "storage/acceptor_store.hpp"

#include <memory>

namespace pmmc {

struct acceptor_shell : role_shell {
  acceptor_shell(role_id role, storage::data_directory opened, config_history known)
      : role_shell(role, std::move(opened)), store(directory),
        core({.id = role}, store.take_recovered(), std::move(known)) {
    durable.begin_life();
    own = {directory.info().format_id, durable.lives(), store.writes()};
  }

  static constexpr bool has_ticks = false;
  using role_shell::admits;
  /// A leader that was formatted again may be on its way here before it is introduced. What is
  /// dropped is sent again, and it could not be answered anyway.
  bool admits(const p1a& m, const caf::strong_actor_ptr& from) const {
    return peers.is_up(m.leader, from);
  }
  bool admits(const p2a& m, const caf::strong_actor_ptr& from) const {
    return peers.is_up(m.leader, from);
  }
  void persist(const std::vector<acceptor_record>& records);
  void sends(std::vector<envelope>& out) const { stamp_records(out, store.writes()); }
  void complete(role_status& status, bool with_fingerprint) const;
  acceptor_metrics metrics() const;

  storage::acceptor_store store;
  acceptor core;
  acceptor_metrics counted; ///< what the core does not know
};

/// Spawn it detached: it blocks in fdatasync. One sync serves all messages that were in the
/// mailbox. If the disk fails, the process ends and sends nothing more.
///
/// p1a, p2a, read_probe, ping → answers, after the sync that they depend on; none to leaders that
/// it
///                              does not know, or refuses: those might use a ballot twice
/// members_news               → which configurations there are
/// peer_up, peer_down         → whom the answers can reach; a leader that comes back with another
///                              disk, or an old copy of its own, is refused
/// disk_refused               → the process ends: its promises are lost
/// status_request             → role_status
/// metrics_request            → role_metrics
caf::behavior acceptor_actor(caf::event_based_actor* self, std::shared_ptr<acceptor_shell> shell);

} // namespace pmmc
