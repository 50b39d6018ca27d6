// The acceptor as an actor.
#pragma once

#include "acceptor.hpp"
#include "metrics_messages.hpp"
#include "shell.hpp"
#include "storage/acceptor_store.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"

#include <map>
#include <memory>

namespace pmmc {

struct acceptor_shell {
  acceptor_shell(role_id role, storage::data_directory opened, config_history known)
      : id(role), directory(std::move(opened)), durable(directory), store(directory),
        core({.id = role}, store.take_recovered(), std::move(known)) {
    durable.begin_life();
    own = {directory.info().format_id, durable.lives(), store.writes()};
  }

  role_id id;
  storage::data_directory directory;
  storage::role_state durable;
  storage::acceptor_store store;
  directory_facts own; ///< as this life began
  acceptor core;
  peer_directory peers;
  members_link members;
  std::map<role_id, std::string> uncounted; ///< whom it refuses, and why
  bool flush_due = false;
  acceptor_metrics counted; ///< what the core does not know
};

/// Spawn it detached: it blocks in fdatasync. One sync serves all messages that were in the
/// mailbox. If the disk fails, the process ends and sends nothing more.
///
/// p1a, p2a, read_probe, ping → answers, after the sync that they depend on; none to leaders that
/// it
///                              does not know, or refuses: those might use a ballot twice
/// config_news, members_news  → which configurations it knows
/// peer_up, peer_down         → whom the answers can reach; a leader that comes back with another
///                              disk, or an old copy of its own, is refused
/// disk_refused               → the process ends: its promises are lost
/// status_request             → role_status
/// metrics_request            → role_metrics
caf::behavior acceptor_actor(caf::event_based_actor* self, std::shared_ptr<acceptor_shell> shell);

} // namespace pmmc
