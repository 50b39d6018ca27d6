// Which configurations a leader acts for (paper, section 4.4; docs/RECONFIGURATION.md, rule 4).
#include "consensus/pmmc/leader.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

membership leader::known_members() const {
  return membership{configurations(),
                    configurations().from(replicas_.watermark()).front()->version};
}

std::vector<std::shared_ptr<const configuration>> leader::live_configurations() const {
  return configurations_.from(replicas_.needed_from(tick_));
}

/// Phase 1 for every configuration that is live, not only the oldest.
void leader::scout_live_configurations() {
  for (const auto& config : live_configurations()) {
    const auto version = config->version;
    if (configurations_.may_lead(*config) && phase_one_.begin(version))
      out_.start.emplace_back(
          scout_task{config, ballot_num_, std::max(covered_from(), config->first_slot), 0});
  }
}

void leader::learn(const config_history& known) {
  if (!configurations_.is_older_than(known))
    return;
  const bool joins = !may_lead();
  configurations_.replace(known);
  if (is_in_office()) {
    for (const auto& config : live_configurations())
      for (const auto& acceptor : config->acceptors)
        acceptors_.expect(acceptor.id, tick_);
    scout_live_configurations();
  } else if (joins) { // as after a start: time for an active leader to show itself
    timer_.restart(tick_);
  } else if (configurations_.latest().has_leader(options_.id) && !preempted_by_.is_bottom() &&
             !configurations_.latest().has_leader(
                 preempted_by_.leader)) { // it leads to the boundary: relieve it
    timer_.hasten(tick_);
  }
  for (const auto& [slot, m] : std::exchange(early_, {}))
    on(m);
}

/// Everything at and below the boundary of its last configuration is decided.
void leader::retire() {
  become_passive(ballot_num{});
  std::set<role_id> to;
  for (const auto& config : live_configurations())
    for (const auto kind : {role_kind::leader, role_kind::replica})
      for (const auto& m : config->members(kind))
        to.insert(m.id);
  for (const auto& id : to)
    out_.send.push_back({id, pong{options_.id, 0, current_vitals()}});
}

/// What is decided and safe elsewhere is waited for no longer: its acceptors may be switched off.
void leader::forget_retired() {
  const auto needed = is_in_office() ? replicas_.hold(tick_) : replicas_.needed_from(tick_);
  bool waited_in_vain = false;
  for (const auto version : std::set{phase_one_.awaited()}) {
    const auto end = configurations().end_of(version);
    if (end > needed)
      continue;
    decisions_.give_up_below(end);
    out_.stop.push_back({sub_role_kind::scout, version});
    phase_one_.give_up(version);
    waited_in_vain = true;
  }
  if (const auto from = recovery_.forget_below(replicas_.watermark()))
    out_.stop.push_back({sub_role_kind::scout, configurations().for_slot(*from).version});
  commanders_.forget_below(replicas_.watermark());
  while (!proposals_.empty() && proposals_.begin()->first < replicas_.watermark()) {
    const auto slot = proposals_.begin()->first;
    if (commanders_.remove(slot))
      out_.stop.push_back({sub_role_kind::commander, slot});
    proposals_.erase(proposals_.begin());
  }
  start_waiting_commanders();
  start_recovery();
  if (waited_in_vain && is_active())
    command_proposals(); // what waited for that configuration is to be looked for first
  else if (waited_in_vain && phase_one_.awaited().empty() && state_ == state::scouting)
    become_active();
}

} // namespace pmmc
