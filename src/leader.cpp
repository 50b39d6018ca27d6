#include "leader.hpp"

#include "invariant.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

leader::leader(settings options, std::uint64_t free_seqnum, config_history configurations)
    : options_(options), configurations_(std::move(configurations)), random_(options.seed),
      free_seqnum_(free_seqnum), timeout_(options.timeout) {
  for (const auto& [first_slot, config] : configurations_.all())
    shared_configurations_.emplace(config.version, std::make_shared<const configuration>(config));
  office_tick_ = options_.start_ticks + random_.below(options_.start_ticks);
  send_pings();
}

std::shared_ptr<const configuration> leader::config_for(slot_num slot) const {
  return shared_configurations_.at(configurations_.for_slot(slot).version);
}

vitals leader::current_vitals() const {
  vitals v;
  v.active = is_active();
  v.ballot = state_ == state::active || state_ == state::scouting ? ballot_num_ : preempted_by_;
  v.slot_out = std::max(highest_decided_ + 1, covered_from_);
  v.watermark = watermark_;
  return v;
}

// --- Proposals ----------------------------------------------------------------------------------

void leader::on(const propose& m) {
  const auto* config = configurations_.find(m.version);
  if (config == nullptr || m.slot == 0 || configurations_.for_slot(m.slot).version != m.version)
    return; // of a configuration that this leader has not heard of: the replica proposes again
  if (auto known = decisions_.find(m.slot); known != decisions_.end()) {
    out_.send.push_back({m.replica, decision{m.version, m.slot, known->second}});
    return;
  }
  if (proposals_.contains(m.slot))
    return;
  if (m.slot < watermark_) {
    out_.send.push_back({m.replica, collected{watermark_}});
  } else if (!is_active()) {
    if (proposals_.size() < 2 * options_.window)
      proposals_.emplace(m.slot, m.value);
  } else if (m.slot < covered_from_) {
    recover(m);
  } else {
    command_slot(m.slot, m.value);
  }
}

void leader::command_slot(slot_num slot, const command& value) {
  proposals_[slot] = value;
  waiting_for_commander_.insert(slot);
  start_waiting_commanders();
}

void leader::start_waiting_commanders() {
  while (!waiting_for_commander_.empty() && commanders_.size() < max_commanders()) {
    const auto slot = *waiting_for_commander_.begin();
    waiting_for_commander_.erase(waiting_for_commander_.begin());
    const bool only_one = commanders_.insert(slot).second;
    PMMC_INVARIANT(only_one, "C1: one commander per ballot and slot");
    out_.start_commanders.push_back(
        {config_for(slot), pvalue{ballot_num_, slot, proposals_.at(slot)}});
  }
}

/// A replica needs a slot that phase 1 has not looked at: look, and only then propose. Not beyond
/// the next slot with a commander: what the scout finds there would be older than what was asked
/// meanwhile.
void leader::recover(const propose& m) {
  if (recovery_proposals_.size() < options_.window)
    recovery_proposals_.emplace(m.slot, m.value);
  if (recovering_from_)
    return;
  auto to_slot =
      std::min({covered_from_, m.slot + options_.window, configurations_.end_of(m.version)});
  if (const auto busy = proposals_.upper_bound(m.slot); busy != proposals_.end())
    to_slot = std::min(to_slot, busy->first);
  recovering_from_ = m.slot;
  out_.start_scouts.push_back({config_for(m.slot), ballot_num_, m.slot, to_slot});
}

void leader::propose_recovered(const adopted& m) {
  recovering_from_.reset();
  watermark_ = std::max(watermark_, m.watermark);
  const auto free = [&](slot_num slot) {
    return slot >= watermark_ && !proposals_.contains(slot) && !decisions_.contains(slot);
  };
  for (const auto& [slot, p] : m.pvalues)
    if (free(slot))
      command_slot(slot, p.value);
  const auto last = recovery_proposals_.lower_bound(m.to_slot);
  for (auto it = recovery_proposals_.lower_bound(m.from_slot); it != last; ++it)
    if (free(it->first))
      command_slot(it->first, it->second);
  recovery_proposals_.erase(recovery_proposals_.begin(), last);
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
  commanders_.erase(slot);
  proposals_.erase(slot);
  highest_decided_ = std::max(highest_decided_, slot);
  if (decisions_.emplace(slot, m.value.value).second)
    decisions_bytes_ += m.value.value.size();
  timeout_.decrease();
  forget_decided();
  start_waiting_commanders();
}

void leader::handle(const below_watermark& m) {
  commanders_.erase(m.slot);
  proposals_.erase(m.slot);
  watermark_ = std::max(watermark_, m.watermark);
  start_waiting_commanders();
}

slot_num leader::least_replica_slot_out() const {
  std::optional<slot_num> least;
  for (const auto& [id, news] : replicas_)
    if (news.heard_tick + options_.forget_replica_ticks >= tick_)
      least = std::min(least.value_or(news.slot_out), news.slot_out);
  return least.value_or(0);
}

/// A slot forgotten is no longer covered: a proposal for it must not get a second value at this
/// ballot.
void leader::forget_decided() {
  const auto needed_from = least_replica_slot_out();
  while (!decisions_.empty() && (decisions_.begin()->first < needed_from ||
                                 decisions_bytes_ > options_.kept_decisions_bytes ||
                                 decisions_.size() > 64 * options_.window)) {
    covered_from_ = std::max(covered_from_, decisions_.begin()->first + 1);
    decisions_bytes_ -= decisions_.begin()->second.size();
    decisions_.erase(decisions_.begin());
  }
}

// --- Election -----------------------------------------------------------------------------------

void leader::run_for_office() {
  state_ = state::scouting;
  const auto seqnum =
      std::max(free_seqnum_, preempted_by_.is_bottom() ? 0 : preempted_by_.seqnum + 1);
  ballot_num next{seqnum, options_.id};
  PMMC_INVARIANT(next > ballot_num_, "L3: ballots are never reused");
  ballot_num_ = next;
  free_seqnum_ = seqnum + 1;
  out_.persist_seqnum = free_seqnum_;
  pmax_.clear();
  waiting_for_scouts_.clear();
  const auto from_slot = std::max(watermark_, least_replica_slot_out());
  covered_from_ = from_slot;
  for (const auto& [version, config] : shared_configurations_) {
    const auto end = configurations_.end_of(version);
    if (end <= from_slot)
      continue;
    waiting_for_scouts_.insert(version);
    out_.start_scouts.push_back({config, ballot_num_, std::max(from_slot, config->first_slot), 0});
  }
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
  if (is_active() && m.to_slot != 0)
    return propose_recovered(m);
  if (state_ != state::scouting || waiting_for_scouts_.erase(m.version) == 0)
    return;
  watermark_ = std::max(watermark_, m.watermark);
  for (const auto& [slot, p] : m.pvalues)
    if (configurations_.for_slot(slot).version == m.version)
      pmax_.insert_or_assign(slot, p);
  if (waiting_for_scouts_.empty())
    become_active();
}

/// The paper's `proposals := proposals ◁ pmax(pvals)`, and a commander for each of them.
void leader::become_active() {
  state_ = state::active;
  timeout_.decrease();
  covered_from_ = std::max(covered_from_, watermark_);
  proposals_.erase(proposals_.begin(), proposals_.lower_bound(covered_from_));
  for (const auto& [slot, p] : pmax_) {
    if (auto known = decisions_.find(slot); known != decisions_.end())
      PMMC_INVARIANT(known->second == p.value, "A5: what was chosen stays chosen");
    else if (slot >= covered_from_)
      proposals_.insert_or_assign(slot, p.value);
  }
  pmax_.clear();
  for (const auto& [slot, value] : proposals_)
    waiting_for_commander_.insert(slot);
  start_waiting_commanders();
  for (const auto& replica : configurations_.latest().replicas)
    out_.send.push_back({replica.id, pong{options_.id, 0, current_vitals()}});
  for (const auto& [version, config] : shared_configurations_)
    for (const auto& acceptor : config->acceptors)
      acceptors_[acceptor.id].heard_tick = tick_; // a quorum has just answered the scouts
}

void leader::handle(const preempted& m) {
  if (m.ballot <= ballot_num_ || state_ == state::passive)
    return; // stale
  timeout_.increase();
  become_passive(m.ballot);
}

void leader::become_passive(const ballot_num& by) {
  state_ = state::passive;
  preempted_by_ = std::max(preempted_by_, by);
  watched_is_down_ = false;
  out_.stop_all = true;
  // What has not been carried out yet must not be started after the stop.
  out_.start_scouts.clear();
  out_.start_commanders.clear();
  commanders_.clear();
  waiting_for_commander_.clear();
  waiting_for_scouts_.clear();
  recovering_from_.reset();
  recovery_proposals_.clear();
  pmax_.clear();
  put_off_office();
  send_pings();
}

void leader::put_off_office() {
  const unsigned wait = watched_is_down_ ? 4 * options_.ping_ticks : timeout_.ticks();
  office_tick_ = tick_ + wait + random_.below(1 + wait / 2);
}

// --- Failure detection --------------------------------------------------------------------------

void leader::send_pings() {
  const ping p{options_.id, ++ping_number_, current_vitals()};
  for (const auto& acceptor : configurations_.latest().acceptors)
    out_.send.push_back({acceptor.id, p});
  if (state_ == state::passive || state_ == state::starting)
    for (const auto& other : configurations_.latest().leaders)
      if (other.id != options_.id)
        out_.send.push_back({other.id, p});
}

void leader::on(const ping& m) {
  out_.send.push_back({m.from, pong{options_.id, m.number, current_vitals()}});
  if (m.state.slot_out == 0)
    return;
  const auto& replicas = configurations_.latest().replicas;
  if (std::none_of(replicas.begin(), replicas.end(),
                   [&](const member& r) { return r.id == m.from; }))
    return;
  replicas_[m.from] = {m.state.slot_out, tick_};
  watermark_ = std::max(watermark_, m.state.watermark);
}

void leader::on(const pong& m) {
  if (configurations_.latest().has_acceptor(m.from)) {
    watch_through_acceptor(m);
    if (is_active() && m.state.ballot > ballot_num_)
      handle(preempted{m.state.ballot}); // without commanders it would not learn it otherwise
    auto& news = acceptors_[m.from];
    news.heard_tick = tick_;
    news.leader_ping = m.state.leader_ping;
  } else {
    watch_leader(m);
  }
}

/// Only an active leader keeps others from running: one that scouts in vain must not.
void leader::watch_leader(const pong& m) {
  const auto& theirs = m.state.ballot;
  if (!m.state.active || theirs.leader != m.from || state_ == state::active ||
      state_ == state::scouting || theirs < std::max(ballot_num_, preempted_by_))
    return;
  state_ = state::passive;
  preempted_by_ = theirs;
  watched_is_down_ = false;
  put_off_office();
}

/// A leader that cannot reach the active one still hears of it from the acceptors, so that the two
/// do not take office from each other for as long as their link is down.
void leader::watch_through_acceptor(const pong& m) {
  if (state_ != state::passive && state_ != state::starting)
    return;
  const auto known = acceptors_.find(m.from);
  if (known == acceptors_.end() || m.state.leader_ping == known->second.leader_ping ||
      m.state.leader_ping == 0 || m.state.ballot < std::max(ballot_num_, preempted_by_))
    return;
  state_ = state::passive;
  preempted_by_ = m.state.ballot;
  put_off_office();
}

void leader::on_peer_down(const role_id& peer) {
  if (state_ != state::passive || preempted_by_.leader != peer)
    return;
  watched_is_down_ = true;
  put_off_office();
}

bool leader::hears_quorum() const {
  for (const auto& [version, config] : shared_configurations_) {
    std::size_t heard = 0;
    for (const auto& acceptor : config->acceptors) {
      const auto it = acceptors_.find(acceptor.id);
      heard +=
          it != acceptors_.end() && it->second.heard_tick + options_.lost_quorum_ticks >= tick_;
    }
    if (heard < config->quorum())
      return false;
  }
  return true;
}

void leader::on_tick() {
  ++tick_;
  if (tick_ % options_.ping_ticks == 0) {
    send_pings();
    forget_decided();
  }
  if ((state_ == state::passive || state_ == state::starting) && tick_ >= office_tick_)
    run_for_office();
  else if (state_ == state::active && !hears_quorum())
    become_passive(ballot_num{}); // it would keep abler leaders from running
}

leader_outputs leader::take() { return std::exchange(out_, {}); }

} // namespace pmmc
