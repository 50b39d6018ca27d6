// Election and failure detection (paper, section 3).
#include "base/invariant.hpp"
#include "consensus/pmmc/leader.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

void leader::run_for_office() {
  state_ = state::scouting;
  const auto seqnum =
      std::max(free_seqnum_, preempted_by_.is_bottom() ? 0 : preempted_by_.seqnum + 1);
  ballot_num next{seqnum, options_.id};
  PMMC_INVARIANT(next > ballot_num_, "L3: ballots are never reused");
  ballot_num_ = next;
  free_seqnum_ = seqnum + 1;
  out_.persist.push_back({free_seqnum_});
  phase_one_.clear();
  commanders_.begin_ballot();
  decisions_.begin_ballot(replicas_.hold(tick_));
  scout_live_configurations();
}

void leader::on(const scout_outcome& m) {
  if (const auto* won = std::get_if<adopted>(&m))
    handle(*won);
  else
    handle(std::get<preempted>(m));
}

void leader::handle(const adopted& m) {
  if (m.ballot != ballot_num_)
    return;
  if (is_active() && m.to_slot != 0) {
    if (recovery_.is_at(m.from_slot)) // or else it was stopped, and is late
      propose_recovered(m);
    return;
  }
  if (!phase_one_.adopt(m, configurations()))
    return;
  replicas_.hear_watermark(m.watermark);
  if (is_active())
    command_proposals(); // a configuration came up while it was active
  else if (phase_one_.awaited().empty())
    become_active();
}

void leader::become_active() {
  state_ = state::active;
  timer_.succeeded();
  decisions_.give_up_below(replicas_.watermark());
  proposals_.erase(proposals_.begin(), proposals_.lower_bound(covered_from()));
  command_proposals();
  std::set<role_id> replicas;
  for (const auto& config : live_configurations()) {
    for (const auto& replica : config->replicas)
      replicas.insert(replica.id);
    for (const auto& acceptor : config->acceptors)
      acceptors_.hear(acceptor.id, tick_); // a quorum has just answered the scouts
  }
  for (const auto& replica : replicas)
    out_.send.push_back({replica, pong{options_.id, 0, current_vitals()}});
}

/// The paper's `proposals := proposals ◁ pmax(pvals)`, and a commander for each of them.
void leader::command_proposals() {
  for (const auto& [slot, p] : phase_one_.take_pmax()) {
    if (const auto* known = decisions_.find(slot))
      PMMC_INVARIANT(*known == p.value, "A5: what was chosen stays chosen");
    else if (slot >= covered_from() && !commanders_.is_at_work(slot))
      proposals_.insert_or_assign(slot, p.value);
  }
  for (auto it = proposals_.begin(); it != proposals_.end();) {
    const auto slot = it->first;
    const bool in_hand = commanders_.has(slot);
    // Phase 1 has not looked there: see recover(). Or acceptors tell what they have accepted, and
    // vote no more: they have forgotten where the slot's configuration ends, as everybody has.
    if (!in_hand && (slot < covered_from() || !configurations().knows(slot))) {
      it = proposals_.erase(it);
      continue;
    }
    if (!in_hand && phase_one_.has_adopted(configurations().for_slot(slot).version))
      commanders_.add(slot);
    ++it;
  }
  start_waiting_commanders();
}

void leader::handle(const preempted& m) {
  if (m.ballot <= ballot_num_ || state_ == state::passive)
    return; // stale
  timer_.preempted();
  ++counters_.preemptions;
  become_passive(m.ballot);
}

void leader::become_passive(const ballot_num& by) {
  state_ = state::passive;
  replicas_.release();
  preempted_by_ = std::max(preempted_by_, by);
  timer_.watch_anew();
  out_.stop_all = true;
  // What has not been carried out yet must not be started after the stop.
  out_.start.clear();
  out_.stop.clear();
  commanders_.stop_all();
  phase_one_.clear();
  recovery_.clear();
  timer_.put_off(tick_);
  send_pings();
}

// --- Failure detection --------------------------------------------------------------------------

void leader::send_pings() {
  if (!may_lead())
    return;
  std::set<role_id> to;
  for (const auto& config : live_configurations()) {
    for (const auto& acceptor : config->acceptors)
      to.insert(acceptor.id);
    if (!is_in_office())
      for (const auto& other : config->leaders)
        to.insert(other.id);
  }
  to.erase(options_.id);
  const ping p{options_.id, ++ping_number_, current_vitals()};
  for (const auto& id : to)
    out_.send.push_back({id, p});
}

void leader::on(const ping& m) {
  out_.send.push_back({m.from, pong{options_.id, m.number, current_vitals()}});
  const auto* replica = std::get_if<replica_vitals>(&m.state);
  if (replica == nullptr || !configurations_.has_replica(m.from, decisions_.highest() + 1))
    return;
  replicas_.hear(m.from, replica->slot_out, tick_);
  replicas_.hear_watermark(replica->watermark);
}

void leader::on(const pong& m) {
  if (const auto* other = std::get_if<leader_vitals>(&m.state))
    return watch_leader(m.from, *other);
  const auto* acceptor = std::get_if<acceptor_vitals>(&m.state);
  if (acceptor == nullptr ||
      !configurations_.has_acceptor_from(replicas_.needed_from(tick_), m.from))
    return;
  replicas_.hear_watermark(acceptor->watermark);
  watch_through_acceptor(*acceptor, acceptors_.hear(m.from, acceptor->leader_ping, tick_));
  if (is_active() && acceptor->ballot > ballot_num_)
    handle(preempted{acceptor->ballot}); // without commanders it would not learn it otherwise
}

/// Only an active leader keeps others from running: one that scouts in vain must not. Its ballot
/// may be below the last one of this leader, which gave that up before a majority had heard of it.
void leader::watch_leader(const role_id& from, const leader_vitals& told) {
  const auto& theirs = told.ballot;
  if (!told.active || theirs.leader != from || is_in_office() || theirs < preempted_by_)
    return;
  state_ = state::passive;
  preempted_by_ = theirs;
  timer_.watch_anew();
  const auto& latest = configurations_.latest();
  if (latest.has_leader(theirs.leader) || !latest.has_leader(options_.id))
    timer_.put_off(tick_);
}

/// A leader that cannot reach the active one still hears of it from the acceptors, so that the two
/// do not take office from each other for as long as their link is down. The first word of an
/// acceptor may be of a leader that has gone, and is waited for all the same.
void leader::watch_through_acceptor(const acceptor_vitals& told, bool leader_was_there) {
  if (is_in_office())
    return;
  if (told.leader_ping == 0 || told.ballot < preempted_by_ || !leader_was_there)
    return;
  state_ = state::passive;
  preempted_by_ = told.ballot;
  const auto& latest = configurations_.latest();
  if (latest.has_leader(preempted_by_.leader) || !latest.has_leader(options_.id))
    timer_.put_off(tick_);
}

void leader::on_peer_down(const role_id& peer) {
  if (state_ != state::passive || preempted_by_.leader != peer)
    return;
  timer_.watched_is_down(tick_);
}

/// Whether a majority of the acceptors of each live configuration has been heard since `tick`.
bool leader::hears_quorum_since(std::uint64_t tick) const {
  const auto live = live_configurations();
  return std::all_of(live.begin(), live.end(),
                     [&](const auto& config) { return acceptors_.has_quorum(*config, tick); });
}

/// What Raft calls a pre-vote: one that was cut off must not come back with a ballot that deposes
/// the active leader. The majority that it needs has to answer when its patience ends, with news of
/// an active leader if there is one (see watch_through_acceptor).
bool leader::may_run() const {
  const std::uint64_t two_pings = 2 * options_.ping_ticks;
  return may_lead() &&
         hears_quorum_since(timer_.due_tick() - std::min(timer_.due_tick(), two_pings));
}

void leader::on_tick() {
  ++tick_;
  if (tick_ % options_.ping_ticks == 0) {
    send_pings();
    decisions_.forget_below(replicas_.least(tick_));
    forget_retired();
  }
  const bool out_of_office = !is_in_office();
  const bool has_quorum =
      hears_quorum_since(tick_ - std::min<std::uint64_t>(tick_, options_.lost_quorum_ticks));
  if (out_of_office && !has_quorum)
    timer_.wait_for_active_leader(tick_);
  else if (out_of_office && timer_.has_expired(tick_) && may_run())
    run_for_office();
  else if (!out_of_office && !may_lead())
    retire();
  else if (!out_of_office && !has_quorum)
    become_passive(ballot_num{}); // it would keep abler leaders from running, or depose them
}

} // namespace pmmc
