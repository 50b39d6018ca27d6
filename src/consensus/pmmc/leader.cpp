#include "consensus/pmmc/leader.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pmmc {

leader::leader(settings options, std::uint64_t free_seqnum, config_history configurations)
    : options_(options), configurations_(options.id, std::move(configurations)),
      free_seqnum_(free_seqnum),
      timer_({options.seed, options.timeout, options.ping_ticks, options.start_ticks}),
      replicas_(options.forget_replica_ticks, options.near_slots),
      decisions_({options.kept_decisions_bytes, 64 * options.window}),
      commanders_(2 * options.window), recovery_(options.window) {
  send_pings();
}

leader_vitals leader::current_vitals() const {
  leader_vitals v;
  v.active = is_active();
  v.ballot = is_in_office() ? ballot_num_ : preempted_by_;
  v.decided_end = decisions_.end();
  v.watermark = replicas_.watermark();
  return v;
}

// --- Proposals ----------------------------------------------------------------------------------

void leader::on(const propose& m) {
  if (m.slot == 0)
    return;
  const auto* known = decisions_.find(m.slot);
  // Whatever configuration the replica takes the slot for: of old ones it may know none of ours.
  if (m.slot < replicas_.watermark() && known == nullptr) {
    if (!proposals_.contains(m.slot))
      out_.send.push_back({m.replica, collected{replicas_.watermark()}});
    return;
  }
  const auto& history = configurations_.history();
  if (m.version > history.latest().version) { // who has performed it is faster than the news of it
    if (early_.size() < options_.window || early_.contains(m.slot))
      early_.insert_or_assign(m.slot, m);
    return;
  }
  const auto* config = history.find(m.version);
  if (config == nullptr || !history.knows(m.slot) ||
      history.for_slot(m.slot).version != m.version || !configurations_.may_lead(*config))
    return; // not known here, or for others to lead: the replica proposes again
  if (known != nullptr)
    out_.send.push_back({m.replica, decision{m.version, m.slot, *known}});
  else if (proposals_.contains(m.slot))
    return;
  else if (is_active() && m.slot < covered_from())
    recover(m);
  else if (is_active() && phase_one_.has_adopted(m.version))
    command_slot(m.slot, m.value);
  else if (proposals_.size() < 4 * options_.window)
    proposals_.emplace(m.slot, m.value); // until phase 1 of its configuration is over
}

void leader::command_slot(slot_num slot, const command& value) {
  proposals_[slot] = value;
  commanders_.add(slot);
  start_waiting_commanders();
}

void leader::start_waiting_commanders() {
  while (const auto slot = commanders_.start_next())
    out_.start.emplace_back(commander_task{configurations_.for_slot(*slot),
                                           pvalue{ballot_num_, *slot, proposals_.at(*slot)},
                                           configurations_.learners_of(*slot)});
}

/// A replica needs a slot that phase 1 has not looked at: look, and only then propose. The slot's
/// configuration may be one that this office has not scouted, as its slots were decided before.
void leader::recover(const propose& m) {
  if (phase_one_.is_awaited(m.version))
    return; // one scout for a configuration at a time; the replica proposes again
  recovery_.want(m.slot, m.value);
  start_recovery();
}

/// At most WINDOW slots at a time, so that new proposals always find commanders free. Not beyond
/// the slot's configuration, in whose name the scout asks, nor beyond the next slot with a
/// commander: what the scout finds there would be older than what was asked meanwhile.
void leader::start_recovery() {
  recovery_.forget_if([&](slot_num slot) {
    return slot < replicas_.watermark() || proposals_.contains(slot) ||
           decisions_.find(slot) != nullptr || !configurations().knows(slot);
  });
  const auto next = recovery_.next();
  if (!next)
    return;
  const auto under_way = static_cast<std::uint64_t>(
      std::distance(proposals_.begin(), proposals_.lower_bound(covered_from())));
  if (under_way > options_.window / 2)
    return; // goes on when some of them are decided
  const auto slot = *next;
  auto to_slot = std::min({covered_from(), slot + options_.window - under_way,
                           configurations().end_of(configurations().for_slot(slot).version)});
  if (const auto busy = proposals_.upper_bound(slot); busy != proposals_.end())
    to_slot = std::min(to_slot, busy->first);
  recovery_.begin(slot);
  out_.start.emplace_back(scout_task{configurations_.for_slot(slot), ballot_num_, slot, to_slot});
}

void leader::propose_recovered(const adopted& m) {
  const auto wanted = recovery_.finish(m.to_slot);
  replicas_.hear_watermark(m.watermark);
  const auto free = [&](slot_num slot) {
    return slot >= replicas_.watermark() && !proposals_.contains(slot) &&
           decisions_.find(slot) == nullptr && configurations().knows(slot); // or nobody votes
  };
  // What acceptors promised says all of older ballots. What they accepted at this one they may have
  // accepted after they answered, and the answer may be one to an earlier scout: so a slot that was
  // commanded and forgotten gets what it was commanded with, or waits for the next recovery.
  for (const auto& [slot, p] : m.pvalues)
    if (free(slot) && (!commanders_.was_commanded(slot) || p.ballot == ballot_num_))
      command_slot(slot, p.value);
  for (const auto& [slot, value] : wanted)
    if (free(slot) && !commanders_.was_commanded(slot))
      command_slot(slot, value);
  start_recovery();
}

void leader::on(const sub_role_report& m) {
  if (const auto* scouted = std::get_if<scout_outcome>(&m.outcome))
    on(*scouted);
  else
    on(std::get<commander_outcome>(m.outcome), m.ballot);
}

void leader::on(const commander_outcome& m, const ballot_num& ballot) {
  if (const auto* lost = std::get_if<preempted>(&m))
    handle(*lost);
  else if (ballot != ballot_num_ || !is_active())
    return; // of a ballot that this leader has given up
  else if (const auto* won = std::get_if<decided>(&m))
    handle(*won);
  else
    handle(std::get<below_watermark>(m));
}

void leader::handle(const decided& m) {
  const auto slot = m.value.slot;
  commanders_.finished(slot);
  proposals_.erase(slot);
  ++counters_.decisions;
  decisions_.add(slot, m.value.value);
  timer_.succeeded();
  decisions_.forget_below(replicas_.least(tick_));
  start_waiting_commanders();
  start_recovery();
}

void leader::handle(const below_watermark& m) {
  commanders_.finished(m.slot);
  proposals_.erase(m.slot);
  replicas_.hear_watermark(m.watermark);
  start_waiting_commanders();
  start_recovery();
}

leader_outputs leader::take() { return std::exchange(out_, {}); }

} // namespace pmmc
