#include "sim/leader_host.hpp"

namespace pmmc::sim {

void leader_host::start() {
  auto settings = world_.options.leader;
  settings.id = id();
  settings.seed = world_.chance.next();
  settings.window = facts().window;
  settings.near_slots = world_.options.window; // logs are short, and replicas shall lag
  const auto free_seqnum = disk().state().load();
  start_role(settings, free_seqnum, known());
  if (!is_on_wrong_disk()) {
    world_.checkers.seqnum_saved(number(), free_seqnum); // it may have died in the middle of it
    world_.checkers.leader_started(number());
  }
  settle();
}

void leader_host::check(world& w, const role_id&, const message& m) const {
  if (!is_on_wrong_disk())
    w.checkers.leader_sent(number(), id(), m);
}

void leader_host::write(const records_type& records) {
  for (const auto& record : records)
    disk().state().save(record.free_seqnum);
}

void leader_host::written(const records_type& records) {
  for (const auto& record : records)
    if (!is_on_wrong_disk())
      world_.checkers.seqnum_saved(number(), record.free_seqnum);
}

void leader_host::starts(const sub_role_task& task) {
  const auto* asks = std::get_if<scout_task>(&task);
  if (asks == nullptr)
    return;
  world_.facts.count(fact::recovery_scout, asks->to_slot != 0);
  if (world_.log.is_told())
    world_.tell(id().str() + " scouts at " + to_string(asks->ballot) + " from slot " +
                std::to_string(asks->from_slot));
}

void leader_host::hear(const sub_role_report& r) {
  count(r);
  const bool was_active = role().is_active();
  part_host::hear(r);
  if (role().is_active() == was_active)
    return;
  world_.facts.count(fact::election, role().is_active());
  if (world_.log.is_told())
    world_.tell(id().str() + (was_active ? " is passive, preempted by " : " is active at ") +
                to_string(was_active ? role().preempted_by() : role().ballot()));
}

void leader_host::count(const sub_role_report& r) {
  auto& facts = world_.facts;
  if (const auto* scouted = std::get_if<scout_outcome>(&r.outcome)) {
    facts.count(fact::preemption, std::holds_alternative<preempted>(*scouted));
    if (const auto* won = std::get_if<adopted>(scouted))
      for (const auto& [slot, p] : won->pvalues)
        if (const auto mine = role().proposals().find(slot);
            mine != role().proposals().end() && mine->second != p.value)
          facts.count(fact::pmax_override);
  } else {
    const auto& outcome = std::get<commander_outcome>(r.outcome);
    facts.count(fact::preemption, std::holds_alternative<preempted>(outcome));
    facts.count(fact::below_watermark, std::holds_alternative<below_watermark>(outcome));
  }
}

bool leader_host::is_quiet(std::string& why) const {
  if (children().empty() && !has_late_reports() && !is_blocked())
    return true;
  why +=
      id().str() + " has " + std::to_string(children().size()) + " scouts and commanders at work; ";
  return false;
}

} // namespace pmmc::sim
