// Gossip, catching up, snapshots and the watermark (paper, section 4.2;
// docs/ARCHITECTURE.md, "Snapshots, watermark, catching up").
#include "consensus/pmmc/replica.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

// --- Gossip -------------------------------------------------------------------------------------

void replica::send_pings() {
  const ping p{options_.id, gossip_.next_ping(), current_vitals()};
  for (const auto& id : contacts({role_kind::acceptor, role_kind::leader, role_kind::replica}))
    out_.send.push_back({id, p});
}

void replica::hear(const role_id& peer, const vitals& told) {
  const auto* other = std::get_if<replica_vitals>(&told);
  gossip_.hear(peer, told, other != nullptr && is_far_behind(other->slot_out), tick_);
  if (other == nullptr || other->digest.slot == 0)
    return;
  agreement_.hear(peer, other->digest);
  compare_digests();
}

void replica::compare_digests() {
  agreement_.compare(state_->digests(), options_.id,
                     state_->configurations().for_slot(slot_out()).replicas);
}

void replica::on(const ping& m) {
  hear(m.from, m.state);
  out_.send.push_back({m.from, pong{options_.id, m.number, current_vitals()}});
  update_watermark();
}

void replica::on(const pong& m) {
  hear(m.from, m.state);
  const auto told = vitals_as<leader_vitals>(m.state);
  if (told.active && told.ballot.leader == m.from && told.ballot >= active_ballot())
    set_active(told.ballot);
  else if (!told.active && active_ballot().leader == m.from)
    set_active({});
  update_watermark();
}

void replica::on_tick() {
  ++tick_;
  if (tick_ % options_.ping_ticks == 0)
    send_pings();
  if (!active_ballot().is_bottom() && !gossip_.is_heard(active_ballot().leader, tick_))
    set_active({});
  desk_.on_tick(*state_, tick_, out_.send);
  proposals_.resend(route(), decisions_, tick_, out_.send);
  reads_.on_tick(*state_, tick_, out_.send);
  explain_stall();
  catch_up();
  flush();
}

// --- Catching up --------------------------------------------------------------------------------

slot_num replica::highest_known_slot() const {
  return std::max({missing_.known_slot(), reads_.needed_slot_out(), gossip_.highest_slot_end()});
}

/// Slots are known to be decided that this replica has not seen, and nothing has come for a while:
/// ask the other replicas; if none of them is ahead, or they do not answer, have the leaders find
/// out.
void replica::catch_up() {
  if (fetch_.is_under_way()) {
    fetch_.on_tick(tick_, out_.send);
    return;
  }
  const auto end = highest_known_slot();
  if (end <= slot_out() || !missing_.is_time_to_ask(tick_))
    return;
  const auto ahead = gossip_.replicas_ahead(slot_out(), known_configurations(), tick_);
  if (!ahead.empty())
    out_.send.push_back({ahead[random_.below(ahead.size())], catchup{options_.id, slot_out()}});
  if (!missing_.is_time_for_leaders(tick_, ahead.empty()))
    return;
  missing_.begin_filling(ahead.empty());
  fill_gap(end);
}

/// Proposes no-ops: a leader answers with what was decided, or gets the no-op decided.
void replica::fill_gap(slot_num end) {
  end = std::min({end, slot_out() + state_->window(), slot_out() + options_.filling_slots});
  for (auto slot = missing_.fill_from(slot_out(), end); slot < end; ++slot)
    if (!decisions_.contains(slot) && !proposals_.contains(slot))
      propose_in(slot, {});
}

/// A gap may be as long as the log: while it is filled, the window moves on with it. If a replica
/// turns up that is ahead by more than that, it is asked instead.
void replica::go_on_filling() {
  if (!missing_.is_filling())
    return;
  const auto end = highest_known_slot();
  const auto& latest = known_configurations().latest();
  const auto ahead = gossip_.who_performed(slot_out() + state_->window(), tick_);
  const bool is_helped = std::any_of(ahead.begin(), ahead.end(),
                                     [&](const role_id& id) { return latest.has_replica(id); });
  if (end > slot_out() && !fetch_.is_under_way() && !is_helped)
    fill_gap(end);
  else
    missing_.end_filling();
}

void replica::on(const collected& m) { missing_.learn(m.watermark); }

void replica::on(const catchup& m) {
  catchup_reply reply{options_.id, m.from_slot, 0,
                      decisions_.page(m.from_slot, slot_out(), options_.page_bytes)};
  // A state that others contradict must not make a majority by being copied.
  if (reply.decisions.empty() && snapshot_slot() > m.from_slot && !agreement_.is_disputed())
    reply.snapshot_slot = snapshot_slot();
  if (!reply.decisions.empty() || reply.snapshot_slot != 0)
    out_.send.push_back({m.replica, std::move(reply)});
}

void replica::on(const catchup_reply& m) {
  const auto before = slot_out();
  for (std::size_t i = 0; i < m.decisions.size(); ++i)
    on(decision{0, m.from_slot + i, m.decisions[i]});
  if (slot_out() > before) {
    if (const auto told = gossip_.find(m.replica); told && told->slot_out > slot_out())
      out_.send.push_back({m.replica, catchup{options_.id, slot_out()}});
  } else if (m.snapshot_slot > slot_out() && !fetch_.is_under_way()) {
    fetch_.begin(m.replica, m.snapshot_slot, tick_, out_.send);
  }
}

void replica::on(const snapshot_request& m) {
  out_.read_snapshot.push_back({m.replica, m.slot, m.offset});
}

void replica::on(snapshot_chunk m) {
  if (fetch_.take(m, tick_, out_.send))
    out_.store_snapshot.push_back(std::move(m));
}

/// G2: catching up never skips a slot: the snapshot holds all slots below its own.
void replica::install(std::unique_ptr<replicated_state> fetched) {
  fetch_.finished();
  snapshots_.has_durable(fetched->slot_out());
  if (fetched->slot_out() <= slot_out())
    return;
  const auto version = state_->configurations().latest().version;
  state_ = std::move(fetched);
  ++counters_.snapshots_installed;
  snapshots_.restart_log();
  decisions_.forget_below(slot_out());
  desk_.skipped(*state_, proposals_.settle_below(slot_out()), out_.send);
  slot_in_ = std::max(slot_in_, slot_out());
  missing_.installed(tick_);
  if (const auto& latest = state_->configurations().latest(); latest.version != version)
    missing_.learn(latest.first_slot + 1);
  update_watermark();
  compare_digests();
  perform();
  reads_.answer(*state_, out_.send);
}

// --- Snapshots and the watermark ----------------------------------------------------------------

void replica::snapshot_if_due() {
  const auto boundary = state_->configurations().for_slot(slot_out()).first_slot;
  if (snapshots_.is_due(boundary, state_->size_bytes()))
    save_now();
}

void replica::save_now() {
  if (!snapshots_.may_begin(slot_out()))
    return;
  snapshots_.begin();
  out_.save_snapshot = state_->clone();
}

void replica::snapshot_failed() {
  snapshots_.failed();
  ++counters_.snapshots_unreadable;
}

void replica::snapshot_saved(slot_num slot) {
  snapshots_.saved(slot);
  ++counters_.snapshots_saved;
  update_watermark();
  forget_decisions();
  snapshot_if_due();
}

/// G1: at least f+1 replicas hold everything below the watermark durably: of the configuration in
/// force, and of each one that is to come. Not beyond slot_out: from there on it does not know yet
/// whose replicas count.
void replica::update_watermark() {
  auto safe = slot_out();
  for (const auto* config : state_->configurations().from(slot_out()))
    safe = std::min(safe, gossip_.durable_slot(*config, snapshot_slot()));
  watermark_ = std::max(watermark_, safe);
}

/// Everything since the durable snapshot is kept, and for replicas that are a little behind some
/// more.
void replica::forget_decisions() {
  const auto durable = std::min(snapshot_slot(), slot_out());
  const auto needed = gossip_.least_slot_out(contacts({role_kind::replica}), slot_out(), tick_);
  while (!decisions_.empty() && decisions_.first_slot() < durable &&
         (decisions_.first_slot() < needed || decisions_.bytes() > options_.kept_decisions_bytes))
    decisions_.forget_first();
}

} // namespace pmmc
