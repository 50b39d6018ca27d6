#include "sim/replica_host.hpp"

namespace pmmc::sim {

void replica_host::recover() {
  if (start_from_disk([&] {
        disk().begin_life();
        read_snapshots();
      }))
    open_keeper();
}

void replica_host::exchanged() {
  world_.checkers.replica_exchanged(number(), disk().holds().snapshot);
  world_.facts.count(disk().holds().lives == 0 ? fact::replica_began_anew
                                               : fact::replica_on_old_copy);
  if (world_.log.is_told())
    world_.tell(id().str() + " begins with a directory that holds a snapshot at slot " +
                std::to_string(disk().holds().snapshot));
}

void replica_host::start() {
  auto settings = world_.options.replica;
  settings.id = id();
  settings.near_slots = world_.options.window;
  settings.seed = world_.chance.next();
  settings.founds = random_source{settings.seed}.next();
  start_role(settings, take_found(), has_snapshot());
  resume();
  if (counts())
    world_.checkers.replica_started(number(), role());
  settle();
}

void replica_host::check(world& w, const role_id& to, const message& m) const {
  if (counts())
    w.checkers.replica_sent(number(), to, m);
  count_answers(w, m);
  if (const auto* c = std::get_if<catchup_reply>(&m))
    w.facts.count(fact::catch_up, !c->decisions.empty());
  else if (std::holds_alternative<collected>(m))
    w.facts.count(fact::below_watermark);
}

void replica_host::on_message(const role_id& from, message& m) {
  if (const auto* d = std::get_if<decision>(&m)) {
    world_.facts.count(fact::hole,
                       d->slot > role().slot_out() && !role().decisions().contains(d->slot - 1));
    if (const auto mine = proposed_.find(d->slot);
        mine != proposed_.end() && role().has_proposal(d->slot))
      world_.facts.count(fact::lost_slot, mine->second != d->value);
  }
  part_host::on_message(from, m);
}

void replica_host::taken(const replica_outputs& out) {
  if (counts() && world_.checkers.replica_handled(number(), role()))
    proposed_.erase(proposed_.begin(), proposed_.lower_bound(role().slot_out()));
  for (const auto& e : out.send)
    if (const auto* p = std::get_if<propose>(&e.body))
      proposed_[p->slot] = p->value;
}

void replica_host::forget(bool power) {
  state_host::forget(power);
  proposed_.clear();
}

/// Of the latest configuration: it has everything, and needs no older one any more.
bool replica_host::is_quiet(std::string& why) const {
  const auto& configurations = world_.checkers.truth().state().configurations();
  if (!configurations.latest().has_replica(id()))
    return true;
  if (const auto live = role().live_from(); live != configurations.latest().version) {
    why += id().str() + " still needs version " + std::to_string(live) + " of " +
           std::to_string(configurations.latest().version) + "; ";
    return false;
  }
  const auto& truth = world_.checkers.truth();
  if (role().slot_out() == truth.slot_out() && role().pending_requests() == 0)
    return true;
  why += id().str() + " is at slot " + std::to_string(role().slot_out()) + " of " +
         std::to_string(truth.slot_out()) + " with " + std::to_string(role().pending_requests()) +
         " requests; ";
  return false;
}

} // namespace pmmc::sim
