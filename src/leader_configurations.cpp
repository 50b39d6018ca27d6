// Which configurations a leader acts for (paper, section 4.4; docs/RECONFIGURATION.md, rule 4).
#include "leader.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

/// Slots below are decided: phase 1 begins here, and the configurations from here on are live. The
/// replicas that are well advanced have performed them; one that lags (it restarted from an old
/// snapshot, say) gets them from the others, or by recover(), and holds up nothing that is new. In
/// office it never goes back: what has been forgotten is not heard of any more.
slot_num leader::needed_from() const {
  const auto most = replicas_.most();
  const auto near = replicas_.least(tick_, most - std::min(most, options_.near_slots));
  return std::max({watermark_, near != 0 ? near : most, is_in_office() ? kept_from_ : 1});
}

membership leader::known_members() const {
  return membership{configurations(), configurations().from(watermark_).front()->version};
}

std::vector<std::shared_ptr<const configuration>> leader::live_configurations() const {
  return configurations_.from(needed_from());
}

/// A leader of the latest configuration finishes what the ones before have begun; one that was
/// removed leads up to the boundary, and not beyond.
bool leader::may_lead(const configuration& config) const {
  return configurations_.latest().has_leader(options_.id) || config.has_leader(options_.id);
}

bool leader::may_lead_any() const {
  const auto live = live_configurations();
  return std::any_of(live.begin(), live.end(), [&](const auto& c) { return may_lead(*c); });
}

/// Phase 1 for every configuration that is live, not only the oldest.
void leader::scout_live_configurations() {
  for (const auto& config : live_configurations()) {
    const auto version = config->version;
    if (may_lead(*config) && phase_one_.begin(version))
      out_.start.emplace_back(
          scout_task{config, ballot_num_, std::max(covered_from_, config->first_slot), 0});
  }
}

void leader::learn(const config_history& known) {
  if (!configurations_.is_older_than(known))
    return;
  const bool joins = !may_lead_any();
  configurations_.replace(known);
  if (state_ == state::active || state_ == state::scouting) {
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
  const auto needed = needed_from();
  if (is_in_office())
    kept_from_ = needed;
  bool waited_in_vain = false;
  for (const auto version : std::set{phase_one_.awaited()}) {
    const auto end = configurations().end_of(version);
    if (end > needed)
      continue;
    covered_from_ = std::max(covered_from_, end);
    out_.stop.push_back({sub_role_kind::scout, version});
    phase_one_.give_up(version);
    waited_in_vain = true;
  }
  if (const auto from = recovery_.forget_below(watermark_))
    out_.stop.push_back({sub_role_kind::scout, configurations().for_slot(*from).version});
  commanders_.forget_below(watermark_);
  while (!proposals_.empty() && proposals_.begin()->first < watermark_) {
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

/// Whether a replica's progress says what is still needed: not that of one that was removed.
bool leader::is_current_replica(const role_id& id) const {
  return configurations_.latest().has_replica(id) ||
         configurations().for_slot(highest_decided_ + 1).has_replica(id);
}

} // namespace pmmc
