// Whom a role talks to, of those that its node tells it of: not to acceptors and leaders whose
// disks have lost something (membership/known_disks.hpp).
#pragma once

#include "membership/disk_refusals.hpp"
#include "node/node_messages.hpp"
#include "storage/role_state.hpp"
#include "wire/wire.hpp"

#include <caf/all.hpp>
#include <string>

namespace pmmc {

void log_refusal(const role_id& self, const hosted_role& peer, const std::string& why);
void log_own_refusal(const role_id& self, const role_id& own, const std::string& why);

/// A role that was refused ends its process, with exit code 2, before it does harm among those who
/// do not know.
void stop_if_refused(const role_id& self, role_kind kind, const directory_facts& own,
                     disk_refusals& said);

/// Enters who is met into the directory of a role's shell, or into the list of those that it
/// refuses.
template <class Shell>
void meet_peer(caf::event_based_actor* self, Shell& shell, const peer_up& met) {
  const auto& peer = met.role;
  if (peer.id == shell.id) { // itself, or a twin that waits elsewhere: it is the others who judge
    shell.peers.up(peer, met.is_guest);
    return;
  }
  auto members = shell.core.known_members();
  members.learn(shell.members.heard); // the disks that the log names
  if (met.is_own)
    shell.own_peers.insert(peer.id);
  else
    shell.own_peers.erase(peer.id);
  auto refused = shell.durable.met([&](known_disks& disks) {
    return refuse_peer(disks, members, peer.introduced(), met.is_own);
  });
  if (!refused) {
    shell.refused_by.introduced(peer.id, caf::to_string(peer.handle.node()));
    stop_if_refused(shell.id, shell.directory.info().kind, shell.own, shell.refused_by);
    shell.peers.up(peer, met.is_guest);
    shell.uncounted.erase(peer.id);
    return;
  }
  shell.peers.down(peer.id); // it may have been met before the log was known
  shell.refused_by.lost(peer.id);
  if (!refused->is_told(met.is_own))
    return log_own_refusal(shell.id, peer.id, refused->why);
  auto& logged = shell.uncounted[peer.id];
  if (logged != refused->why)
    log_refusal(shell.id, peer, refused->why);
  logged = refused->why;
  self->send(peer.handle, disk_refused{shell.id, std::move(refused->known)});
}

template <class Shell>
void hear_refusal(caf::event_based_actor* self, Shell& shell, const disk_refused& m) {
  if (const auto& sender = self->current_sender())
    shell.refused_by.hear(m, caf::to_string(sender->node()));
  stop_if_refused(shell.id, shell.directory.info().kind, shell.own, shell.refused_by);
}

/// What its pings and pongs say of its disk is remembered in memory now, and durably when it goes.
/// Not of the own process: see known_disks::meet_own.
template <class Shell, class Message>
void note_records(Shell& shell, const Message& m) {
  const auto records = records_of(m.state);
  if (records != 0 && !shell.own_peers.contains(m.from))
    shell.durable.note_records(m.from, records);
}

template <class Shell>
void lose_peer(Shell& shell, const role_id& id) {
  shell.peers.down(id);
  shell.refused_by.lost(id);
  if (shell.durable.known().all().contains(id)) // a client that goes is no reason to write
    shell.durable.save_notes();
}

} // namespace pmmc
