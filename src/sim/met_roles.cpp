// What the roles of simulated processes are told of each other, by the shipped rules, and whom they
// count; and that nobody counts whom it must not.
#include "sim/carried.hpp"
#include "sim/meetings.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::sim {

// --- What is ordered ----------------------------------------------------------------------------

/// Now, if it does anything now; or else when it looks around.
void meetings::carry_out(std::size_t process, bool is_told) {
  auto& n = at(process);
  if (n.is_carrying_out || world_.is_paused(process))
    return; // who has begun goes on with what comes
  n.is_carrying_out = true;
  const auto take = [&] {
    for (auto& order : n.others->take())
      n.orders.push_back(std::move(order));
    return !n.orders.empty() && !world_.process_at(process).crashing;
  };
  while (take()) {
    const auto order = std::move(n.orders.front());
    n.orders.pop_front();
    std::visit([&](const auto& o) { carry_out(process, o, is_told); }, order);
  }
  n.is_carrying_out = false;
}

void meetings::carry_out(std::size_t process, const connection_order::tell_up& o, bool) {
  if (at(process).intruder)
    return;
  auto* self = roles(process)[o.own];
  auto* peer = o.handle == nobody ? nullptr : world_.host_at(o.handle);
  if (peer == nullptr)
    return demand(
        !keeps_promises(o.kind) || at(process).admits->known().find(o.kind, o.id) == nullptr, [&] {
          return "N1: " + self->id().str() + " is told of " + o.id.str() + " at " + o.address +
                 ", a copy of a member's directory";
        });
  const auto as = o.is_guest ? host::standing::guest : host::standing::member;
  if (o.process.empty())
    return meet(process, *self, peer->introduced(), *peer, as);
  const auto* there = at(process).others->find(o.process);
  if (there == nullptr || there->incarnation != nodes_[peer->process_number()].incarnation)
    return; // it was paused, and the connection has ended meanwhile
  const auto named = std::find_if(there->roles.begin(), there->roles.end(),
                                  [&](const auto& role) { return role.handle == o.handle; });
  if (named != there->roles.end())
    meet(process, *self, introduced_role{named->said}, *peer, as); // as it came over the wire
}

void meetings::carry_out(std::size_t process, const connection_order::tell_down& o, bool is_told) {
  if (at(process).intruder)
    return;
  auto* self = roles(process)[o.own];
  self->trust(world_.number_of(o.id), host::standing::nobody);
  self->refused_by().lost(o.id);
  if (is_told)
    self->lose_peer(o.id);
}

void meetings::carry_out(std::size_t process, const connection_order::note_lost& o, bool) {
  world_.facts.count(fact::silent_not_counted, o.why == connected_processes::silent);
  if (world_.log.is_told())
    world_.tell("the process at " + at(process).listens_at + ": the one at " + o.process + " " +
                o.why);
}

void meetings::carry_out(std::size_t process, const connection_order::close& o, bool is_told) {
  const auto other = world_.listener_at(o.process);
  if (other == max_processes || !is_linked(process, other))
    return; // it was paused, and the connection has ended meanwhile
  world_.facts.count(fact::copy_left);
  unlink(process, other, is_told);
}

// --- Roles --------------------------------------------------------------------------------------

/// As meet_peer in actors/node/known_disk.hpp.
void meetings::meet(std::size_t process, host& self, const introduced_role& said, host& peer,
                    host::standing as) {
  if (&self == &peer)
    return self.trust(peer.number(), as);
  if (world_.process_at(process).crashing)
    return;
  const bool of_same_process = process == peer.process_number();
  const bool is_wrong = peer.is_on_wrong_disk() && !self.is_on_wrong_disk();
  const bool must_refuse = is_wrong &&
                           (remembers(self, peer, peer.wrong_disk()) || is_named(process, peer)) &&
                           (!of_same_process || peer.wrong_disk() == mounting::emptied);
  // Who does not remember it cannot know. Those who do are faster.
  if (is_wrong && !must_refuse && !of_same_process)
    return world_.crash(peer.process_number());
  std::optional<refused_peer> refused;
  if (!self.meet(at(process).admits->known(), said, of_same_process, refused))
    return;
  demand(refused.has_value() || !must_refuse, [&] {
    return "N1: " + self.id().str() + " counts " + peer.id().str() +
           ", which is on a disk that is not its own";
  });
  demand(of_same_process || !keeps_promises(said.kind) || !is_elsewhere(peer.process_number()) ||
             is_newcomer_to(process, peer),
         [&] { return "N3: " + peer.id().str() + " is counted at another one's address"; });
  self.trust(peer.number(), refused ? host::standing::nobody : as);
  if (refused) {
    self.refused_by().lost(said.id);
    return refuse(self, peer, said, *refused, of_same_process);
  }
  self.refused_by().introduced(said.id, name_of(peer.process_number()));
  obey(self);
  if (self.is_on_wrong_disk() || peer.is_on_wrong_disk())
    return;
  auto& known = self.true_meetings()[peer.number()];
  if (const auto life = peer.introduced().lives.current().number; known.life != life)
    known = {life, said.records, said.records};
}

/// A server that is no member yet is only told what it must catch up with.
bool meetings::is_newcomer_to(std::size_t process, const host& h) const {
  return h.kind() == role_kind::server &&
         nodes_[process].admits->known().find(h.kind(), h.id()) == nullptr;
}

/// Whom the configurations have elsewhere that are live as far as the process knows, it does not
/// count where it is. By what was decided, not by what it was told.
void meetings::judge_places(std::size_t process) {
  const auto& known = at(process).admits->known();
  const auto& decided = world_.checkers.truth().state().configurations().all();
  const auto has_left = [&](const host& h) {
    bool is_elsewhere = false;
    for (const auto& [first_slot, c] : decided) {
      const bool is_live = c.version >= known.live_from && c.version <= known.version();
      const auto* m = is_live ? c.find(h.kind(), h.id()) : nullptr;
      if (m != nullptr && m->address == nodes_[h.process_number()].listens_at)
        return false;
      is_elsewhere = is_elsewhere || m != nullptr;
    }
    return is_elsewhere;
  };
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    if (other != process && has(other) && !nodes_[other].intruder)
      for (const auto* peer : roles(other))
        for (const auto* self : roles(process))
          demand(!keeps_promises(peer->kind()) || !self->trusts(peer->number()) || !has_left(*peer),
                 [&] {
                   return "N3: " + self->id().str() + " counts " + peer->id().str() + " at " +
                          nodes_[other].listens_at + ", which it has left";
                 });
}

/// It hears what is remembered of it.
void meetings::refuse(host& self, host& peer, const introduced_role& said,
                      const refused_peer& refused, bool of_same_process) {
  const auto verdict = judge(refused.known, said.facts());
  world_.facts.count(verdict == acquaintance::old_copy       ? fact::old_copy_refused
                     : verdict == acquaintance::records_gone ? fact::lost_records_refused
                                                             : fact::new_disk_refused);
  if (world_.log.is_told())
    world_.tell(self.id().str() + " does not count " + peer.id().str() + ": " + refused.why);
  if (!refused.is_told(of_same_process))
    return;
  const auto told = carried(world_.ports, door::speaker::member, "pmmc::disk_refused",
                            disk_refused{self.id(), refused.known});
  demand(told.by == self.id(), [] { return std::string{"M1: another role refuses a disk"}; });
  peer.refused_by().hear(told, name_of(self.process_number()));
  obey(peer);
}

/// Who is refused by one that counts ends its process, sooner or later.
void meetings::obey(host& h) {
  for (const auto& m : h.refused_by().take()) {
    const auto why = why_disk_is_wrong(m.known, h.introduced().facts());
    if (why.empty())
      continue;
    demand(h.is_on_wrong_disk(), [&] {
      return "N1: " + h.id().str() + " is told to end by " + m.by.str() +
             ", and is on its own disk: " + why;
    });
    world_.facts.count(fact::stopped_for_disk);
    auto& n = at(h.process_number());
    const bool may_linger = h.wrong_disk() == mounting::emptied && world_.chance.below(2) == 0;
    if (!may_linger)
      world_.crash(h.process_number());
    else if (n.stops_at == 0)
      n.stops_at = world_.now() + world_.chance.below(1 * second);
  }
}

/// Of this life of it.
std::string meetings::name_of(std::size_t process) const {
  return std::to_string(process) + "/" + std::to_string(nodes_[process].incarnation);
}

/// Whether somebody runs a copy of its directories, and it is no member as far as is known: then
/// nobody can tell which of the two is the copy.
bool meetings::is_copied(std::size_t process, const admission& by) const {
  const auto all = members_of(world_.process_at(process));
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const node& other) {
    return other.others && other.intruder && other.intruder->is_copy &&
           std::any_of(all.begin(), all.end(), [&](const host* h) {
             return by.is_guest(h->kind(), h->id(), nodes_[process].listens_at) &&
                    std::any_of(other.intruder->roles.begin(), other.intruder->roles.end(),
                                [&](const auto& role) { return role.id == h->id(); });
           });
  });
}

/// A copy is a guest while the member is away, and nobody counts it (N1).
bool meetings::may_meet(std::size_t process) const {
  const auto& n = nodes_[process];
  return (!n.intruder || n.intruder->is_copy) && !has_other_facts(process);
}

bool meetings::is_named(std::size_t process, const host& peer) const {
  const auto* m = nodes_[process].admits->known().find(peer.kind(), peer.id());
  return peer.wrong_disk() == mounting::emptied && m != nullptr && !m->disk.empty();
}

bool meetings::remembers(const host& self, const host& peer, mounting what) {
  const auto known = self.true_meetings().find(peer.number());
  return known != self.true_meetings().end() &&
         (what == mounting::emptied || peer.shows_old_copy(known->second));
}

bool meetings::is_noticed(const host& h, mounting what) const {
  bool by_anybody = false;
  for (std::size_t p = 0; p < nodes_.size(); ++p) {
    const auto& other = world_.process_at(p);
    const bool is_beside = p == h.process_number();
    if (!other.is_member || other.gone || (is_beside && what == mounting::old_copy))
      continue; // roles of one process do not show each other their lives
    for (const auto* self : members_of(other)) {
      if (self == &h || (self->kind() == role_kind::acceptor && h.kind() == role_kind::acceptor))
        continue; // two acceptors need not meet
      const bool notices = !self->is_on_wrong_disk() && remembers(*self, h, what);
      if (is_beside && !notices)
        return false;
      by_anybody = by_anybody || notices;
    }
  }
  return by_anybody;
}

} // namespace pmmc::sim
