// Leader election (Raft paper, 5.2 and 5.4.1), with pre-vote and check-quorum (thesis, 9.6, 6.2).
#include "base/invariant.hpp"
#include "consensus/raft/consensus.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

/// The least election timeout has not passed since the leader was heard: it is there, and who runs
/// for office disturbs (section 6, last paragraph).
bool consensus::hears_leader() const {
  if (is_leader())
    return true; // check_quorum() ends that
  return !leader_.empty() && tick_ < heard_leader_tick_ + options_.election_ticks;
}

/// A server that is not in its latest set of servers may be the only one that has that set in its
/// log, and all others that the set before needs may have shorter ones: it leads, without a vote of
/// its own, until that is committed (thesis, 4.2.2). Where it is, and nothing stands behind it, it
/// may win once more, and retires at once.
bool consensus::is_needed_in_office() const {
  return is_voter(options_.id) || log().members_index() > commit_;
}

/// The range grows while elections fail: on a slow network, or of many servers, candidates would
/// split the votes for ever.
void consensus::put_off_election() {
  const auto range = std::uint64_t{options_.election_ticks} << std::min(failed_elections_, 3u);
  election_tick_ = tick_ + options_.election_ticks + random_.below(range);
}

void consensus::enter_term(term_num term, const role_id& voted_for) {
  persist(term_record{term, voted_for});
}

/// Out of office, or never in it. `leader` may be unknown.
void consensus::follow(term_num term, const role_id& leader) {
  if (term > durable_.term) {
    enter_term(term, {});
    leader_ = {};
  }
  if (state_ != state::follower)
    put_off_election();
  if (is_leader()) {
    if (leader_ == options_.id)
      leader_ = {};
    followers_.clear();
    reads_.clear();
    handover_.reset();
    if (std::exchange(change_, std::nullopt))
      out_.dropped_change = "the leader lost office before it was in the log";
  }
  state_ = state::follower;
  votes_.clear();
  if (!leader.empty())
    failed_elections_ = 0;
  if (leader_ != leader)
    answered_round_ = 0;
  leader_ = leader;
}

void consensus::run_for_office(bool is_pre_vote, bool is_transfer) {
  state_ = is_pre_vote ? state::pre_candidate : state::candidate;
  leader_ = {};
  put_off_election();
  if (is_pre_vote)
    ++failed_elections_; // unless a leader comes out of it
  else
    enter_term(term() + 1, options_.id);
  figures_.elections += is_pre_vote ? 0 : 1;
  votes_ = {options_.id};
  const auto asked = is_pre_vote ? term() + 1 : term();
  for (const auto& server : members().all())
    if (server != options_.id)
      reply(server, request_vote{options_.id, asked, log().last(), is_pre_vote, is_transfer});
  win_if_elected();
}

void consensus::win_if_elected() {
  if (!members().has_majority([this](const role_id& id) { return votes_.contains(id); }))
    return;
  if (state_ == state::pre_candidate)
    run_for_office(false, false);
  else
    lead();
}

void consensus::on(const request_vote& m) {
  if (hears_leader() && !m.is_transfer && m.candidate != leader_)
    return; // nor does its term count
  if (m.term > term() && !m.is_pre_vote)
    follow(m.term, {});
  const bool is_free =
      m.is_pre_vote ? m.term > term()
                    : m.term == term() && (voted_for().empty() || voted_for() == m.candidate);
  if (!is_free || !is_up_to_date(m.last, log().last()))
    return reply(m.candidate, vote{options_.id, term(), false, m.is_pre_vote});
  if (!m.is_pre_vote) {
    if (voted_for().empty())
      enter_term(term(), m.candidate);
    put_off_election();
    ++figures_.votes;
  }
  reply(m.candidate, vote{options_.id, m.term, true, m.is_pre_vote});
}

/// A stranger's answer means nothing, nor does its term: it may have been removed.
void consensus::on(const vote& m) {
  if (!is_voter(m.voter))
    return;
  if (!m.is_granted) {
    if (m.term > term())
      follow(m.term, {});
    return;
  }
  const bool counts = m.is_pre_vote ? state_ == state::pre_candidate && m.term == term() + 1
                                    : state_ == state::candidate && m.term == term();
  if (!counts)
    return;
  votes_.insert(m.voter);
  win_if_elected();
}

/// A new leader appends an entry of its term at once: it may only count those (5.4.2, figure 8).
void consensus::lead() {
  PMMC_INVARIANT(state_ == state::candidate && voted_for() == options_.id,
                 "who leads a term was a candidate in it (Election Safety)");
  state_ = state::leader;
  leader_ = options_.id;
  ++figures_.offices;
  failed_elections_ = 0;
  votes_.clear();
  round_ = 0;
  disk_tick_ = tick_;
  followers_.clear();
  follow_members();
  append({term(), {}, nullptr});
  if (barrier_)
    barrier_->asked = {};
}

/// A leader that a majority does not answer gives up office: another one may be at work, and who
/// asks this one waits in vain.
void consensus::check_quorum() {
  const auto is_heard = [this](const role_id& id) {
    if (id == options_.id)
      return true;
    const auto f = followers_.find(id);
    return f != followers_.end() && tick_ <= f->second.heard_tick() + options_.quorum_ticks;
  };
  if (!members().has_majority(is_heard))
    follow(term(), {});
}

/// The others get their entries beside this leader's own disk. If that hangs, who asks here waits
/// in vain, and no other one would run.
void consensus::check_disk() {
  if (durable_last_ >= log().last().index)
    disk_tick_ = tick_;
  else if (tick_ > disk_tick_ + options_.disk_ticks && members().all().size() > 1)
    follow(term(), {});
}

void consensus::on(const timeout_now& m) {
  if (m.term == term() && m.leader == leader_ && !is_leader() && is_voter(options_.id))
    run_for_office(false, true);
}

} // namespace pmmc::raft
