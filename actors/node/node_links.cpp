// Whom a node is connected with, and what its own roles are told of them.
#include "caf/guarded_middleman.hpp"
#include "node/node_actor.hpp"

#include <algorithm>
#include <caf/io/all.hpp>
#include <utility>

namespace pmmc {

void node::connected(node_link& link, const caf::actor& remote, std::uint64_t incarnation,
                     std::vector<hosted_role> roles) {
  if (link.announced && link.incarnation == incarnation &&
      is_same_proxy(link.remote.address(), remote.address()))
    return names_other_roles(link, std::move(roles));
  if (link.announced)
    withdraw(link, "connected anew", true);
  if (link.remote && link.remote->node() != remote->node())
    dismiss(self_->system(), link.remote->node());
  link.now = node_link::state::connected;
  link.remote = remote;
  link.incarnation = incarnation;
  link.roles = std::move(roles);
  link.backoff_beats = 0;
  link.astray_beats = 0;
  link.trouble.over(logged_as(link));
  self_->monitor(remote);
  dismiss_copies_of(link);
  announce(link);
  put_questions_again(link);
}

/// It said hello again on a connection that holds: what it names as before is not lost in between.
void node::names_other_roles(node_link& link, std::vector<hosted_role> roles) {
  const auto before = std::exchange(link.roles, std::move(roles));
  for (const auto& peer : before) {
    const auto is_it = [&](const hosted_role& role) {
      return role.id == peer.id && role.format_id == peer.format_id && role.handle == peer.handle;
    };
    if (std::none_of(link.roles.begin(), link.roles.end(), is_it))
      withdraw(peer, link.address, "is not named there any more");
  }
  dismiss_copies_of(link);
  announce(link);
}

/// A copy of its directories may have been let in while it was away, or silent.
void node::dismiss_copies_of(const node_link& member) {
  const auto is_copied = [&](const hosted_role& role, const node_link& other) {
    return !role.format_id.empty() && !is_guest(role, member.address) &&
           std::any_of(other.roles.begin(), other.roles.end(), [&](const hosted_role& theirs) {
             return theirs.id == role.id && theirs.format_id == role.format_id &&
                    is_guest(theirs, other.address);
           });
  };
  for (const auto& [key, other] : links_)
    if (other.now == node_link::state::connected && other.remote->node() != member.remote->node() &&
        std::any_of(member.roles.begin(), member.roles.end(),
                    [&](const hosted_role& role) { return is_copied(role, other); }))
      dismiss(self_->system(), other.remote->node());
}

void node::announce(node_link& link) {
  link.announced = true;
  link.silent_beats = 0;
  for (const auto& peer : link.roles)
    make_known(peer, link.address);
}

/// Not a guest that has the id of a member, while that one runs: what is meant for the member would
/// go to the guest.
void node::make_known(const hosted_role& peer, const std::string& address) {
  if (is_guest(peer, address) && lives_elsewhere(peer.id, address))
    return;
  for (const auto& role : settings_.roles)
    if (admission_.is_made_known(peer.kind, peer.id, address, role.kind))
      self_->send(role.handle, peer_up{peer, address});
}

void node::withdraw(node_link& link, const std::string& why, bool is_replaced) {
  link.announced = false;
  if (is_replaced)
    link.trouble.replaced(logged_as(link), why);
  else
    link.trouble.lost(logged_as(link), why);
  for (const auto& peer : link.roles)
    withdraw(peer, link.address, why);
}

void node::withdraw(const hosted_role& peer, const std::string& address, const std::string& why) {
  if (!lives_elsewhere(peer.id, address))
    lose(peer.id, "at " + address + " " + why);
  else if (!is_guest(peer, address))
    meet_anew(peer.id);
}

/// While it moves, both its places are a member's, and what was there last is what roles go by.
void node::meet_anew(const role_id& id) {
  introduce(id);
  for (const auto& [key, other] : links_)
    if (other.announced)
      for (const auto& peer : other.roles)
        if (peer.id == id)
          make_known(peer, other.address);
}

/// Whoever else has that id is met now: a replica that is to take its place.
void node::lose(const role_id& id, const std::string& why) {
  for (const auto& role : settings_.roles)
    self_->send(role.handle, peer_down{id, why});
  meet_anew(id);
}

/// Of those who keep promises and are members elsewhere by now nobody else tells the own roles, nor
/// of what has moved to this process.
void node::leave_former_places(const std::set<role_id>& left_before) {
  for (const auto& role : settings_.roles)
    leave_or_take_place(role, left_before.contains(role.id));
  for (const auto& [key, link] : links_) {
    if (!link.announced || is_client())
      continue;
    for (const auto& peer : link.roles) {
      const auto* there = known().find(peer.kind, peer.id);
      if (there == nullptr || !is_guest(peer, link.address))
        continue;
      if (there->address == settings_.address)
        introduce(peer.id);
      else if (keeps_promises(peer.kind) && !lives_elsewhere(peer.id, link.address))
        lose(peer.id, "at " + link.address + " has moved to " + there->address);
    }
  }
}

/// An own acceptor that is a member elsewhere is one vote too many in a quorum of the own leader.
void node::leave_or_take_place(const hosted_role& own, bool had_left) {
  const bool has_left = admission_.has_left(own.id);
  if (had_left && !has_left) {
    introduce(own.id);
  } else if (has_left && !had_left) {
    const auto why = "has moved to " + known().find(own.kind, own.id)->address;
    spdlog::warn("{} {}, and does not count here any more: start it there, or at an address that "
                 "it never had, or let `pmmc reconfig` move it back here",
                 own.id.view(), why);
    lose(own.id, "at " + settings_.address + " " + why);
  }
}

/// It has moved: it is of this process, or its new address was made known to the own roles. That it
/// is not at its old one any more must not make them forget it.
bool node::lives_elsewhere(const role_id& id, const std::string& address) const {
  const auto is_it = [&](const hosted_role& role) { return role.id == id; };
  if (!admission_.has_left(id) &&
      std::any_of(settings_.roles.begin(), settings_.roles.end(), is_it))
    return true;
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const auto& link = entry.second;
    return link.announced && link.address != address &&
           std::any_of(link.roles.begin(), link.roles.end(), [&](const hosted_role& role) {
             return is_it(role) && !is_guest(role, link.address);
           });
  });
}

bool is_same_proxy(const caf::actor_addr& a, const caf::actor_addr& b) {
  return caf::actor_cast<caf::actor_control_block*>(a) ==
         caf::actor_cast<caf::actor_control_block*>(b);
}

void node::disconnected(const caf::actor_addr& remote) {
  ask_strangers_again(remote);
  for (auto it = links_.begin(); it != links_.end(); ++it) {
    auto& link = it->second;
    if (link.now != node_link::state::connected || !is_same_proxy(link.remote.address(), remote))
      continue;
    if (link.announced)
      withdraw(link, "has closed the connection");
    link.remote = nullptr;
    link.now = node_link::state::idle;
    link.wait_beats = 0;
    if (!link.dialled_by_us)
      links_.erase(it);
    return;
  }
}

/// Its sender counts: every welcome tells the incarnation, which only shows who was started again
/// under the same name.
void node::heard(const heartbeat& m) {
  for (auto& [key, link] : links_) {
    if (link.now != node_link::state::connected || link.remote != self_->current_sender() ||
        link.incarnation != m.incarnation)
      continue;
    // Both learned it after they had met.
    if (const auto why = why_other_cluster(m.identity, known().identity); !why.empty()) {
      if (link.announced)
        withdraw(link, "is not counted: " + why);
      return;
    }
    link.silent_beats = 0;
    if (!link.announced) {
      dismiss_copies_of(link);
      announce(link);
    }
    hear_clock(link, m.wall_ms);
    if (is_client())
      return;
    if (admission_.knows_more_than(m.version, m.live_from, m.identity))
      self_->send(link.remote, members_news{known()});
    return;
  }
}

} // namespace pmmc
