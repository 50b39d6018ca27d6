#include "consensus/pmmc/replica.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

replica::replica(settings options, std::unique_ptr<replicated_state> state,
                 bool restored_from_snapshot)
    : options_(options), random_(options.seed), state_(std::move(state)),
      desk_({options.id,
             options.founds,
             options.max_op_bytes,
             options.resend_ticks,
             options.forget_held_back_ticks,
             {options.max_pending_requests, options.max_pending_bytes, options.batch_bytes,
              options.batch_requests}}),
      proposals_({options.id, options.eager_slots, options.pipeline_slots, options.filling_slots,
                  options.resend_ticks}),
      proposer_(options.id), gossip_(options.id, options.silent_ticks),
      reads_({options.id, options.max_op_bytes, options.max_queries, options.read_bytes,
              options.resend_ticks, options.query_ticks},
             random_.next()),
      snapshots_(options.snapshot_log_bytes),
      missing_({options.stalled_ticks, options.resend_ticks}),
      fetch_({options.id, options.resend_ticks, 2 * options.silent_ticks}) {
  slot_in_ = state_->slot_out();
  if (restored_from_snapshot)
    snapshots_.has_durable(state_->slot_out());
  update_watermark();
  send_pings();
}

replica_vitals replica::current_vitals() const {
  replica_vitals v;
  v.active_ballot = active_ballot();
  v.slot_in = slot_in_;
  v.slot_out = slot_out();
  v.snapshot_slot = snapshot_slot();
  v.watermark = watermark_;
  if (!state_->digests().empty())
    v.digest = state_->digests().back();
  return v;
}

// --- Requests -----------------------------------------------------------------------------------

void replica::on(const role_id& client, request m) {
  desk_.on(client, std::move(m), *state_, tick_, out_.send);
}

void replica::on(handoff m) {
  proposer_.call_upon(tick_ + options_.resend_ticks);
  desk_.on(std::move(m), *state_, tick_);
}

void replica::flush() {
  go_on_filling();
  if (proposer_.update(standing(), gossip_))
    desk_.take_back(*state_, tick_, out_.send);
  if (proposer_.current() == options_.id)
    propose();
  else
    counters_.requests_handed_on += desk_.hand_on(proposer_.current(), tick_, out_.send);
  reads_.answer(*state_, out_.send);
  if (reads_.start(*state_, tick_, out_.send))
    ++counters_.read_rounds;
}

/// The paper's propose(): requests move to the next slots that are free, inside WINDOW. A slot
/// carries all that has come in while earlier slots were in flight.
void replica::propose() {
  const auto& requests = desk_.queue();
  while (requests.queued() > 0 && (proposals_.may_open(tick_) || requests.has_full_batch())) {
    while (decisions_.contains(slot_in_) || proposals_.contains(slot_in_))
      ++slot_in_;
    if (slot_in_ >= slot_out() + state_->window())
      return;
    auto batch = desk_.next_batch(*state_, disks_met_);
    if (!batch)
      return;
    counters_.batch_requests.observe(static_cast<double>(batch->entries));
    counters_.batch_bytes.observe(static_cast<double>(batch->value.size()));
    proposals_.opened(tick_);
    propose_in(slot_in_++, {std::move(batch->value), std::move(batch->requests)});
  }
  if (requests.queued() == 0)
    fill_to_boundary();
}

proposal_route replica::route() const {
  return {state_->configurations(), known_configurations().latest(), active_ballot().leader};
}

void replica::propose_in(slot_num slot, slot_proposals::proposal p) {
  PMMC_INVARIANT(slot >= slot_out() && slot < slot_out() + state_->window(),
                 "R5: every slot proposed for lies inside the window");
  proposals_.propose(slot, std::move(p), route(), tick_, out_.send);
}

// --- Who proposes -------------------------------------------------------------------------------

/// While nothing is decided, those who wait are told why, now and then; it goes on trying.
void replica::explain_stall() {
  if (desk_.queue().size() == 0 || tick_ < missing_.progress_tick() + options_.explain_ticks ||
      tick_ % options_.explain_ticks != 0)
    return;
  desk_.explain(why_stalled(), out_.send);
}

std::string replica::why_stalled() const {
  const auto& config = state_->configurations().for_slot(slot_out());
  return gossip_.quorum_text(config, tick_, state_->configurations().from(slot_out())) +
         (active_ballot().is_bottom() ? "; no leader is active"
                                      : "; the active leader is " + active_ballot().leader.str());
}

proposer_choice::standing replica::standing() const {
  return {state_->configurations(), slot_out(), is_far_behind(slot_out()), tick_};
}

bool replica::is_far_behind(slot_num slot) const {
  return slot + state_->window() + options_.near_slots < std::max(slot_out(), highest_known_slot());
}

void replica::set_active(const ballot_num& ballot) {
  if (!proposer_.set_active(ballot))
    return;
  proposals_.leader_changed(tick_);
  if (!ballot.is_bottom())
    proposals_.resend(route(), decisions_, tick_, out_.send);
}

void replica::on_peer_down(const role_id& peer) {
  gossip_.forget(peer);
  if (peer == active_ballot().leader)
    set_active({});
}

// --- Reads --------------------------------------------------------------------------------------

void replica::on(const role_id& client, query m) {
  reads_.add(client, std::move(m), slot_out(), out_.send);
}

void replica::on(const read_probe_reply& m) { reads_.on(m, *state_, out_.send); }

// --- Decisions ----------------------------------------------------------------------------------

void replica::on(const decision& m) {
  // Beyond the window there is nothing to decide, so nothing honest to remember.
  if (!decisions_.contains(m.slot) &&
      (m.slot < slot_out() || m.slot >= slot_out() + 2 * state_->window() + 1'024))
    return;
  if (!decisions_.add(m.slot, m.value))
    return;
  missing_.learn(m.slot + 1);
  perform();
}

/// The paper's perform(), for as many slots as are decided without a gap.
void replica::perform() {
  const auto before = slot_out();
  const auto version = state_->configurations().latest().version;
  const auto& decided = decisions_.by_slot();
  for (auto it = decided.find(slot_out()); it != decided.end() && it->first == slot_out(); ++it) {
    auto responses = state_->perform(it->second);
    if (!state_->refusal().empty())
      return; // the driver ends the process
    // If another command was decided where this one was proposed, its requests go to a later slot.
    if (const auto mine = proposals_.settle(it->first))
      desk_.settle_batch(mine->requests, mine->value == it->second);
    snapshots_.performed(it->second.size());
    desk_.answer(std::move(responses), out_.send);
  }
  if (slot_out() == before)
    return;
  PMMC_INVARIANT(slot_out() > before, "R4: slot_out never decreases");
  counters_.slots_performed += slot_out() - before;
  slot_in_ = std::max(slot_in_, slot_out());
  missing_.performed(tick_);
  if (const auto& latest = state_->configurations().latest(); latest.version != version)
    missing_.learn(latest.first_slot + 1); // it comes into force by itself
  if (slot_out() / replicated_state::digest_slots != before / replicated_state::digest_slots)
    compare_digests();
  reads_.answer(*state_, out_.send);
  snapshot_if_due();
  forget_decisions();
}

replica_outputs replica::take() {
  reads_.begin_turn();
  return std::exchange(out_, {});
}

} // namespace pmmc
