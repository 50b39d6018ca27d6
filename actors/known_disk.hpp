// An acceptor that comes back with another disk has lost its promises: it must not be counted
// again.
#pragma once

#include "node_messages.hpp"
#include "storage/role_state.hpp"
#include "wire.hpp"

namespace pmmc {

/// Whether `peer` may be talked to: it is no acceptor, or has the disk that it had when `self`
/// (whose durable state `known` is) first met it. Logs what to do if not. Remembers a first meeting
/// durably.
bool is_known_disk(const role_id& self, storage::role_state& known, const hosted_role& peer);

/// Enters `peer` into the directory of a leader's or replica's shell, or into the list of those
/// that it does not count.
template <class Shell>
void meet_peer(Shell& shell, const hosted_role& peer) {
  if (is_known_disk(shell.id, shell.durable, peer)) {
    shell.peers.up(peer);
    shell.uncounted.erase(peer.id);
  } else {
    shell.uncounted.insert(peer.id);
    caf::anon_send(peer.handle, disk_refused{shell.id, shell.durable.known_disks().at(peer.id)});
  }
}

} // namespace pmmc
