// An acceptor that comes back with another disk has lost its promises, a leader its ballots: it
// must not be counted again.
#pragma once

#include "node_messages.hpp"
#include "storage/role_state.hpp"
#include "wire.hpp"

namespace pmmc {

/// The disk that acceptor or leader `peer` has to have: the one that its configuration names, or
/// else the one that it had when it was first met. Remembers a first meeting durably.
std::string known_disk(storage::role_state& met, const membership& members,
                       const hosted_role& peer);

/// Whether `peer` may be talked to: it is neither acceptor nor leader, or has the right disk. Logs
/// what to do if not.
bool is_known_disk(const role_id& self, storage::role_state& met, const membership& members,
                   const hosted_role& peer);

/// An acceptor or leader that was formatted again ends its process before it does harm among those
/// who do not know.
void stop_if_formatted_again(const role_id& self, const storage::data_directory& directory,
                             const disk_refused& m);

/// Enters `peer` into the directory of a leader's or replica's shell, or into the list of those
/// that it does not count.
template <class Shell>
void meet_peer(Shell& shell, const hosted_role& peer) {
  auto members = shell.core.known_members();
  members.learn(shell.members.heard); // the disks that the log names
  if (is_known_disk(shell.id, shell.durable, members, peer)) {
    shell.peers.up(peer);
    shell.uncounted.erase(peer.id);
  } else {
    shell.uncounted.insert(peer.id);
    shell.peers.down(peer.id); // it may have been met before the log was known
    caf::anon_send(peer.handle, disk_refused{shell.id, known_disk(shell.durable, members, peer)});
  }
}

} // namespace pmmc
