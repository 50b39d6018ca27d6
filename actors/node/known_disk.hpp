// Whom a role talks to, of those that its node tells it of: not to acceptors and leaders whose
// disks have lost something (membership/known_disks.hpp).
#pragma once

#include "membership/known_disks.hpp"
#include "node/node_messages.hpp"
#include "storage/role_state.hpp"
#include "wire/wire.hpp"

#include <caf/all.hpp>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

void log_refusal(const role_id& self, const hosted_role& peer, const std::string& why);
void log_own_refusal(const role_id& self, const role_id& own, const std::string& why);

/// Who says that this role's disk is wrong. Only those count whom the node has introduced: members,
/// where the members are. A copy of a member's directories that was started elsewhere is a guest,
/// and all that it remembers of the members is right but for which of the two is the copy.
class refusals {
public:
  void introduced(const hosted_role& peer);
  void lost(const role_id& peer) { nodes_.erase(peer); }
  /// Who refuses may be faster than the node that introduces it: those few are kept until then.
  void hear(const disk_refused& m, const caf::strong_actor_ptr& sender);
  /// What has been said by those who count, since the last call.
  std::vector<disk_refused> take();

private:
  struct early {
    disk_refused said;
    caf::node_id from;
  };
  static constexpr std::size_t most_early = 64;

  std::map<role_id, caf::node_id> nodes_;
  std::deque<early> early_;
  std::vector<disk_refused> counted_;
};

/// A role that was refused ends its process, with exit code 2, before it does harm among those who
/// do not know.
void stop_if_refused(const role_id& self, role_kind kind, const directory_facts& own,
                     refusals& said);

/// Enters who is met into the directory of a role's shell, or into the list of those that it
/// refuses.
template <class Shell>
void meet_peer(caf::event_based_actor* self, Shell& shell, const peer_up& met) {
  const auto& peer = met.role;
  if (peer.id == shell.id) { // itself, or a twin that waits elsewhere: it is the others who judge
    shell.peers.up(peer);
    return;
  }
  shell.refused_by.introduced(peer);
  stop_if_refused(shell.id, shell.directory.info().kind, shell.own, shell.refused_by);
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
    shell.peers.up(peer);
    shell.uncounted.erase(peer.id);
    return;
  }
  shell.peers.down(peer.id); // it may have been met before the log was known
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
  shell.refused_by.hear(m, self->current_sender());
  stop_if_refused(shell.id, shell.directory.info().kind, shell.own, shell.refused_by);
}

/// What its pings and pongs say of its disk is remembered in memory now, and durably when it goes.
/// Not of the own process: see known_disks::meet_own.
template <class Shell, class Message>
void note_records(caf::event_based_actor* self, Shell& shell, const Message& m) {
  const auto records = records_of(m.state);
  if (records != 0 && !shell.own_peers.contains(m.from) &&
      shell.peers.is_up(m.from, self->current_sender()))
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
