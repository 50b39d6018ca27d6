#include "membership/connected_processes.hpp"

#include <algorithm>

namespace pmmc {

// --- Who is there -------------------------------------------------------------------------------

bool connected_processes::is_announced(const std::string& key) const {
  const auto found = all_.find(key);
  return found != all_.end() && found->second.is_announced;
}

const connected_process* connected_processes::find(const std::string& key) const {
  const auto found = all_.find(key);
  return found == all_.end() ? nullptr : &found->second.process;
}

bool connected_processes::is_given_up(const std::string& key) const {
  const auto found = all_.find(key);
  return found != all_.end() && !found->second.is_announced &&
         found->second.silent_beats > silent_beats_until_redialled;
}

std::set<std::string> connected_processes::addresses() const {
  std::set<std::string> result;
  for (const auto& [key, e] : all_)
    if (!e.process.address.empty())
      result.insert(e.process.address);
  return result;
}

std::vector<running_role> connected_processes::running(const std::string& but) const {
  std::vector<running_role> result;
  for (const auto& [key, e] : all_)
    if (e.is_announced && e.process.name != but)
      for (const auto& role : e.process.roles)
        result.push_back({role.said.id, role.said.format_id, e.process.address});
  return result;
}

bool connected_processes::is_own(const role_id& id) const {
  return !admits_.has_left(id) &&
         std::any_of(own_.begin(), own_.end(),
                     [&](const reached_role& own) { return own.said.id == id; });
}

bool connected_processes::is_reached(const role_id& id) const {
  return is_own(id) || std::any_of(all_.begin(), all_.end(), [&](const auto& entry) {
           const auto& e = entry.second;
           return e.is_announced &&
                  std::any_of(e.process.roles.begin(), e.process.roles.end(),
                              [&](const auto& role) { return role.said.id == id; });
         });
}

std::size_t connected_processes::clients() const {
  return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [](const auto& entry) {
    return entry.second.is_announced && entry.second.process.address.empty();
  }));
}

/// It has moved: it is of this process, or its new address was made known to the own roles. That it
/// is not at its old one any more must not make them forget it.
bool connected_processes::lives_elsewhere(const role_id& id, const std::string& address) const {
  return is_own(id) || std::any_of(all_.begin(), all_.end(), [&](const auto& entry) {
           const auto& e = entry.second;
           return e.is_announced && e.process.address != address &&
                  std::any_of(
                      e.process.roles.begin(), e.process.roles.end(), [&](const auto& role) {
                        return role.said.id == id && !is_guest(role.said, e.process.address);
                      });
         });
}

// --- They come ----------------------------------------------------------------------------------

void connected_processes::begin() {
  for (const auto& own : own_)
    introduce(own.said.id);
  learned({}); // or its leader could ask an own acceptor that is a member elsewhere
}

void connected_processes::introduce(const role_id& own) {
  if (admits_.has_left(own))
    return;
  for (const auto& other : own_) {
    if (other.said.id != own)
      continue;
    const auto& address = admits_.own().address;
    const bool is_guest_here = is_guest(other.said, address);
    for (std::size_t to = 0; to < own_.size(); ++to)
      orders_.emplace_back(connection_order::tell_up{
          to, {}, other.said.kind, own, other.handle, address, is_guest_here});
    if (is_guest_here)
      own_guests_.insert(own);
    else
      own_guests_.erase(own);
  }
}

bool connected_processes::connected(const std::string& key, connected_process p, bool is_same) {
  auto& e = all_[key];
  if (is_same && e.is_announced && e.process.incarnation == p.incarnation) {
    name_other_roles(key, e, std::move(p.roles));
    return false;
  }
  if (e.is_announced)
    withdraw(key, e, "connected anew", true);
  e.process = std::move(p);
  close_copies_of(key, e);
  announce(key, e);
  return true;
}

/// It said hello again on a connection that holds: what it names as before is not lost in between.
void connected_processes::name_other_roles(const std::string& key, entry& e,
                                           std::vector<reached_role> roles) {
  const auto before = std::exchange(e.process.roles, std::move(roles));
  for (const auto& peer : before) {
    const auto is_it = [&](const reached_role& role) {
      return role.said.id == peer.said.id && role.said.format_id == peer.said.format_id &&
             role.handle == peer.handle;
    };
    if (std::none_of(e.process.roles.begin(), e.process.roles.end(), is_it))
      withdraw(peer.said.id, peer.said.kind, e.process.address, "is not named there any more");
  }
  close_copies_of(key, e);
  announce(key, e);
}

bool connected_processes::is_copied(const introduced_role& role, const entry& other) const {
  return std::any_of(
      other.process.roles.begin(), other.process.roles.end(), [&](const reached_role& theirs) {
        return theirs.said.id == role.id && theirs.said.format_id == role.format_id &&
               is_guest(theirs.said, other.process.address);
      });
}

/// A copy of its directories may have been let in while it was away, or silent.
void connected_processes::close_copies_of(const std::string& key, const entry& member) {
  for (const auto& [others, other] : all_)
    if (others != key && other.process.name != member.process.name &&
        std::any_of(member.process.roles.begin(), member.process.roles.end(),
                    [&](const reached_role& role) {
                      return !role.said.format_id.empty() &&
                             !is_guest(role.said, member.process.address) &&
                             is_copied(role.said, other);
                    }))
      orders_.emplace_back(connection_order::close{others});
}

void connected_processes::leave_copies() {
  for (const auto& [key, e] : all_)
    if (e.is_announced)
      close_copies_of(key, e);
}

void connected_processes::announce(const std::string& key, entry& e) {
  e.is_announced = true;
  e.silent_beats = 0;
  for (const auto& peer : e.process.roles)
    make_known(key, peer, e.process.address);
}

/// Not a guest that has the id of a member, while that one runs: what is meant for the member would
/// go to the guest.
void connected_processes::make_known(const std::string& key, const reached_role& peer,
                                     const std::string& address) {
  const bool is_guest_there = is_guest(peer.said, address);
  if (is_guest_there && lives_elsewhere(peer.said.id, address))
    return;
  for (std::size_t to = 0; to < own_.size(); ++to)
    if (admits_.is_made_known(peer.said.kind, peer.said.id, address, own_[to].said.kind))
      orders_.emplace_back(connection_order::tell_up{to, key, peer.said.kind, peer.said.id,
                                                     peer.handle, address, is_guest_there});
}

void connected_processes::heard(const std::string& key, std::uint64_t incarnation,
                                cluster_identity identity) {
  const auto found = all_.find(key);
  if (found == all_.end() || found->second.process.incarnation != incarnation)
    return;
  const auto& there = found->second.process;
  if (there.address.empty()) // a client, of which there are thousands: it has one key
    return heard_at(key, found->second, identity);
  for (auto& [other, e] : all_)
    if (!e.process.address.empty() && e.process.incarnation == incarnation &&
        e.process.name == there.name)
      heard_at(other, e, identity);
}

void connected_processes::heard_at(const std::string& key, entry& e, cluster_identity identity) {
  // Both learned it after they had met.
  if (const auto why = why_other_cluster(identity, admits_.known().identity); !why.empty()) {
    if (e.is_announced)
      withdraw(key, e, "is not counted: " + why);
    return;
  }
  e.silent_beats = 0;
  if (e.is_announced)
    return;
  close_copies_of(key, e);
  announce(key, e);
}

// --- They go ------------------------------------------------------------------------------------

/// If it was not announced, that has been told.
void connected_processes::started_again(const std::string& key) {
  if (const auto found = all_.find(key); found != all_.end() && found->second.is_announced)
    withdraw(key, found->second, "was started again", true);
}

void connected_processes::disconnected(const std::string& key, const std::string& why) {
  const auto found = all_.find(key);
  if (found == all_.end())
    return;
  if (found->second.is_announced)
    withdraw(key, found->second, why);
  all_.erase(key);
}

void connected_processes::beat() {
  for (auto& [key, e] : all_)
    if (++e.silent_beats > most_silent_beats && e.is_announced)
      withdraw(key, e, std::string{silent});
}

void connected_processes::withdraw(const std::string& key, entry& e, const std::string& why,
                                   bool is_replaced) {
  e.is_announced = false;
  orders_.emplace_back(connection_order::note_lost{key, why, is_replaced});
  for (const auto& peer : e.process.roles)
    withdraw(peer.said.id, peer.said.kind, e.process.address, why);
}

void connected_processes::withdraw(const role_id& id, role_kind kind, const std::string& address,
                                   const std::string& why) {
  if (admits_.is_client() && !serves_clients(kind))
    return; // clients do not speak with it
  if (!lives_elsewhere(id, address))
    lose(id, "at " + address + " " + why);
  else if (!admits_.is_guest(kind, id, address))
    meet_anew(id);
}

/// While it moves, both its places are a member's, and what was there last is what roles go by.
void connected_processes::meet_anew(const role_id& id) {
  introduce(id);
  for (const auto& [key, other] : all_)
    if (other.is_announced)
      for (const auto& peer : other.process.roles)
        if (peer.said.id == id)
          make_known(key, peer, other.process.address);
}

/// Whoever else has that id is met now: a replica that is to take its place.
void connected_processes::lose(const role_id& id, const std::string& why) {
  for (std::size_t to = 0; to < own_.size(); ++to)
    orders_.emplace_back(connection_order::tell_down{to, id, why});
  meet_anew(id);
}

void connected_processes::unreachable(const std::string& address, const std::string& why) {
  for (const auto& missing : members_at(address))
    lose(missing, "at " + address + " " + why);
}

/// Those whose absence concerns the own roles.
std::vector<role_id> connected_processes::members_at(const std::string& address) const {
  std::vector<role_id> ids;
  for (const auto* config : admits_.known().live())
    for (const auto kind : all_member_kinds)
      for (const auto& m : config->members(kind))
        if (m.address == address && (!admits_.is_client() || serves_clients(kind)) &&
            !lives_elsewhere(m.id, address))
          ids.push_back(m.id);
  return ids;
}

// --- What is known changes ----------------------------------------------------------------------

void connected_processes::learned(const std::set<role_id>& left_before) {
  for (const auto& own : own_)
    leave_or_take_place(own.said, left_before.contains(own.said.id));
  leave_former_places();
  for (auto& [key, e] : all_)
    if (e.is_announced)
      announce(key, e);
  leave_removed_replicas();
}

/// An own acceptor that is a member elsewhere is one vote too many in a quorum of the own leader.
void connected_processes::leave_or_take_place(const introduced_role& own, bool had_left) {
  const bool has_left = admits_.has_left(own.id);
  const bool became_another = own_guests_.contains(own.id) != is_guest(own, admits_.own().address);
  if (!has_left && (had_left || became_another))
    introduce(own.id);
  else if (has_left && !had_left)
    lose(own.id, "at " + admits_.own().address + " has moved to " +
                     admits_.known().find(own.kind, own.id)->address);
}

/// Of those who keep promises and are members elsewhere by now nobody else tells the own roles, nor
/// of what has moved to this process.
void connected_processes::leave_former_places() {
  if (admits_.is_client())
    return;
  for (const auto& [key, e] : all_) {
    if (!e.is_announced)
      continue;
    const auto& address = e.process.address;
    for (const auto& peer : e.process.roles) {
      const auto* there = admits_.known().find(peer.said.kind, peer.said.id);
      if (there == nullptr || !is_guest(peer.said, address))
        continue;
      if (there->address == admits_.own().address)
        introduce(peer.said.id);
      else if (keeps_promises(peer.said.kind) && !lives_elsewhere(peer.said.id, address))
        lose(peer.said.id, "at " + address + " has moved to " + there->address);
    }
  }
}

/// A client whose replica was removed goes on to another one.
void connected_processes::leave_removed_replicas() {
  if (!admits_.is_client() || admits_.known().configurations.empty())
    return;
  const auto& latest = admits_.known().configurations.latest();
  for (const auto& [key, e] : all_)
    for (const auto& peer : e.process.roles)
      if (e.is_announced && serves_clients(peer.said.kind) &&
          latest.find(peer.said.kind, peer.said.id) == nullptr)
        for (std::size_t to = 0; to < own_.size(); ++to)
          orders_.emplace_back(connection_order::tell_down{
              to, peer.said.id,
              "at " + e.process.address + " is no member any more since version " +
                  std::to_string(latest.version)});
}

} // namespace pmmc
