#include "consensus/pmmc/replica.hpp"

#include "base/invariant.hpp"
#include "service/batch.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

namespace {

/// Empty: it is not.
std::string why_refused(const request& m, std::size_t max_op_bytes) {
  if (!is_client_kind(static_cast<std::uint64_t>(m.kind)))
    return "the request is of a kind that does not exist";
  if (m.op.size() > max_op_bytes)
    return too_large_text(m.op.size(), max_op_bytes);
  return {};
}

/// What the log does not know of its cluster: which one it is, or the disk of a member that this
/// replica has met.
std::optional<found_claim> claim_for(const replicated_state& state, cluster_identity founds,
                                     const std::map<role_id, std::string>& disks_met) {
  const auto identity = state.identity() == 0 ? founds : state.identity();
  auto disks = state.configurations().new_disks(disks_met);
  if (identity == 0 || (state.identity() != 0 && disks.empty()))
    return std::nullopt;
  return found_claim{identity, state.facts(), std::move(disks)};
}

} // namespace

replica::replica(settings options, std::unique_ptr<replicated_state> state,
                 bool restored_from_snapshot)
    : options_(options), random_(options.seed), state_(std::move(state)),
      requests_({options.max_pending_requests, options.max_pending_bytes, options.batch_bytes,
                 options.batch_requests}),
      proposals_({options.id, options.eager_slots, options.pipeline_slots, options.resend_ticks}),
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
  const auto key = key_of(m);
  const auto arrived = m.arrived;
  if (auto known = state_->sessions().known_answer(m, slot_out())) {
    known->arrived = arrived;
    return respond(client, std::move(*known));
  }
  if (requests_.ask_again(key, client, tick_))
    return;
  if (const auto why = why_refused(m, options_.max_op_bytes); !why.empty()) {
    if (m.session == 0)
      return respond(client, {0, key.sequence, reply_status::refused, why, arrived});
    m.kind = request_kind::refusal; // or its number would be missing, and hold up those behind it
    m.op = why;
  }
  if (!admit(std::move(m), client))
    respond(client, {key.session, key.sequence, reply_status::busy,
                     "replica " + options_.id.str() + " has too many requests waiting", arrived});
}

void replica::on(handoff m) {
  proposer_.call_upon(tick_ + options_.resend_ticks);
  for (auto& r : m.requests)
    if (!state_->sessions().known_answer(r, slot_out()) && !requests_.contains(key_of(r)) &&
        !state_->sessions().holds_back(r.session, r.sequence) &&
        is_client_kind(static_cast<std::uint64_t>(r.kind)))
      admit(std::move(r), {}); // refused ones are offered again by the replica that handed them on
}

bool replica::admit(request m, const role_id& client) {
  const bool is_decided = state_->sessions().holds_back(m.session, m.sequence);
  return requests_.add(std::move(m), client, is_decided, tick_);
}

void replica::respond(const role_id& client, response r) {
  out_.send.push_back({client, std::move(r)});
}

void replica::flush() {
  go_on_filling();
  if (proposer_.update(standing(), gossip_))
    settle_responses(requests_.take_back(state_->sessions(), slot_out(), tick_, 0));
  if (proposer_.current() == options_.id)
    propose();
  else
    hand_on();
  reads_.answer(*state_, out_.send);
  if (reads_.start(*state_, tick_, out_.send))
    ++counters_.read_rounds;
}

/// The paper's propose(): requests move to the next slots that are free, inside WINDOW. A slot
/// carries all that has come in while earlier slots were in flight.
void replica::propose() {
  while (requests_.queued() > 0 && (proposals_.may_open(tick_) || requests_.has_full_batch())) {
    while (decisions_.contains(slot_in_) || proposals_.contains(slot_in_))
      ++slot_in_;
    if (slot_in_ >= slot_out() + state_->window())
      return;
    auto batch = requests_.next_batch();
    if (batch.empty())
      return;
    slot_proposals::proposal p;
    for (const auto* r : batch)
      p.requests.push_back(key_of(*r));
    request claim;
    if (const auto made = claim_for(*state_, options_.founds, disks_met_)) {
      claim = found_request(*made);
      batch.push_back(&claim); // last: a session's id is its place
    }
    p.value = encode_batch(batch);
    counters_.batch_requests.observe(static_cast<double>(batch.size()));
    counters_.batch_bytes.observe(static_cast<double>(p.value.size()));
    proposals_.opened(tick_);
    propose_in(slot_in_++, std::move(p));
  }
  if (requests_.queued() == 0)
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
  if (requests_.size() == 0 || tick_ < missing_.progress_tick() + options_.explain_ticks ||
      tick_ % options_.explain_ticks != 0)
    return;
  for (const auto& [client, key] : requests_.clients())
    respond(client, {key.session, key.sequence, reply_status::unavailable, why_stalled()});
}

std::string replica::why_stalled() const {
  const auto& config = state_->configurations().for_slot(slot_out());
  return gossip_.quorum_text(config, tick_) +
         (active_ballot().is_bottom() ? "; no leader is active"
                                      : "; the active leader is " + active_ballot().leader.str());
}

proposer_choice::standing replica::standing() const {
  return {state_->configurations(), slot_out(), is_far_behind(slot_out()), tick_};
}

bool replica::is_far_behind(slot_num slot) const {
  return slot + state_->window() + options_.near_slots < std::max(slot_out(), highest_known_slot());
}

void replica::hand_on() {
  while (requests_.queued() > 0) {
    auto [requests, clients] = requests_.next_handoff(tick_);
    counters_.requests_handed_on += requests.size();
    for (const auto& client : clients)
      out_.send.push_back({client, better_replica{options_.id, proposer_.current()}});
    if (!requests.empty())
      out_.send.push_back({proposer_.current(), handoff{options_.id, std::move(requests)}});
  }
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
      requests_.settle_proposal(mine->requests, mine->value == it->second);
    snapshots_.performed(it->second.size());
    settle_responses(std::move(responses));
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

void replica::settle_responses(std::vector<response> responses) {
  for (auto& r : responses) {
    const auto asker = requests_.remove({r.session, r.sequence});
    if (!asker || asker->client.empty())
      continue;
    r.arrived = asker->arrived;
    respond(asker->client, std::move(r));
  }
}

replica_outputs replica::take() {
  reads_.begin_turn();
  return std::exchange(out_, {});
}

} // namespace pmmc
