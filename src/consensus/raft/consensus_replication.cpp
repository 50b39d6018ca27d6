// Log replication (Raft paper, 5.3), commitment (5.4.2) and ReadIndex (thesis, 6.4).
#include "base/invariant.hpp"
#include "consensus/raft/consensus.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft {

/// Leader Append-Only: a leader appends, and never changes or removes an entry of its log.
void consensus::append(entry e) {
  PMMC_INVARIANT(is_leader(), "only a leader appends of its own accord");
  const bool changes_members = e.members != nullptr;
  persist(append_record{log().last().index + 1, std::move(e)});
  if (changes_members)
    follow_members();
}

// --- The follower's side ------------------------------------------------------------------------

void consensus::on(const append_entries& m) {
  if (m.term < term())
    return reply(m.leader, append_reply{options_.id, term(), false, 0, {}, 0});
  PMMC_INVARIANT(!is_leader() || m.term > term(), "a term has one leader (Election Safety)");
  follow(m.term, m.leader);
  heard_leader_tick_ = tick_;
  put_off_election();
  append_reply answer{options_.id, term(), true, 0, {}, m.round};
  if (takes_over(m)) {
    answer.last = m.previous.index + m.entries.size();
    commit_to(std::min(m.commit, answer.last));
  } else {
    answer.is_match = false;
    answer.last = m.previous.index;
    const auto end = log().last().index + 1;
    answer.conflict = m.previous.index >= end ? position{end, 0}
                                              : position{log().first_of_term(m.previous.index),
                                                         *log().term_at(m.previous.index)};
  }
  // News of what is committed need no answer: the next heartbeat finds out if it was lost.
  if (!m.entries.empty() || !answer.is_match || m.round > answered_round_)
    reply(m.leader, answer);
  answered_round_ = std::max(answered_round_, m.round);
}

/// The consistency check, and the entries that are not here yet. Returns false if the log does not
/// have what they stand behind. What is committed here stands at the leader, too (Leader
/// Completeness), so the part of a request that lies below base() is not looked at.
bool consensus::takes_over(const append_entries& m) {
  if (m.previous.index >= log().base().index && !log().has(m.previous))
    return false;
  auto index = m.previous.index;
  for (const auto& e : m.entries) {
    ++index;
    if (index <= log().base().index)
      continue;
    if (log().term_at(index) == e.term) {
      PMMC_INVARIANT(log().at(index) == e,
                     "two entries at a position are identical (Log Matching)");
      continue;
    }
    if (log().has(index)) {
      PMMC_INVARIANT(index > commit_, "what is committed is not taken back (Leader Completeness)");
      persist(truncate_record{index});
    }
    persist(append_record{index, e});
  }
  return true;
}

void consensus::on(const snapshot_offer& m) {
  if (m.term < term())
    return reply(m.leader, append_reply{options_.id, term(), false, 0, {}, 0});
  PMMC_INVARIANT(!is_leader() || m.term > term(), "a term has one leader (Election Safety)");
  follow(m.term, m.leader);
  heard_leader_tick_ = tick_;
  put_off_election();
  if (m.base.index > commit_)
    out_.fetch_snapshot = outputs::fetch{m.leader, m.base};
  // What is committed here is the leader's, too.
  reply(m.leader, append_reply{options_.id, term(), true, commit_, {}, m.round});
  answered_round_ = std::max(answered_round_, m.round);
}

// --- The leader's side --------------------------------------------------------------------------

/// Not a stranger's: one that was removed may be in any term.
void consensus::on(const append_reply& m) {
  const auto found = followers_.find(m.from);
  if (found == followers_.end() && !is_voter(m.from))
    return;
  if (m.term > term())
    return follow(m.term, {});
  // Whoever leads again may be told of what it sent in an earlier term: that shows nothing of this.
  const bool is_of_this_term = m.term == term() && (m.is_match || m.conflict.index != 0);
  if (!is_leader() || !is_of_this_term || found == followers_.end())
    return;
  auto& follower = found->second;
  follower.heard(tick_, m.round);
  if (m.is_match) {
    PMMC_INVARIANT(m.last <= log().last().index, "a follower's log is the leader's, or its past");
    follower.matched(m.last);
    advance_commit();
    go_on_changing();
    go_on_handing_over();
  } else if (follower.is_news(m.last)) {
    back_up(follower, m);
  }
}

/// The follower named the term that stands where it was asked, and where that term begins there.
/// Where this log has the term too, they may agree up to its end here; if not, the follower's
/// entries of it are skipped at once (5.3).
void consensus::back_up(follower_progress& of, const append_reply& m) {
  const auto end = log().last().index + 1;
  if (m.conflict.term == 0) // its log is too short
    return of.retry_at(std::min(m.conflict.index, end));
  const auto within = log().last_within(m.conflict.term, m.last);
  of.retry_at(within.term == m.conflict.term ? within.index + 1
                                             : std::min(m.conflict.index, within.index + 1));
}

slot_num consensus::match_of(const role_id& server) const {
  if (server == options_.id)
    return durable_last_;
  const auto f = followers_.find(server);
  return f == followers_.end() ? 0 : f->second.match();
}

/// Only entries of the leader's own term are committed by counting; those before them are committed
/// with them (5.4.2).
void consensus::advance_commit() {
  for (auto index = log().last().index; index > commit_ && log().term_at(index) == term(); --index)
    if (members().has_majority([&](const role_id& id) { return match_of(id) >= index; })) {
      commit_to(index);
      return finish_change();
    }
}

void consensus::commit_to(slot_num index) {
  PMMC_INVARIANT(index <= log().last().index, "what is committed is in the log");
  commit_ = std::max(commit_, index);
}

/// What a leader says may leave before its entries are on its own disk; not so a term that nobody
/// may see twice.
std::vector<envelope>& consensus::way() {
  return durable_term_ == term() ? out_.send_early : out_.send;
}

void consensus::send_to(const role_id& server, follower_progress& to) {
  if (to.next() <= log().base().index) {
    to.sent_offer(log().base().index);
    way().push_back({server, snapshot_offer{options_.id, term(), log().base(), round_}});
    return;
  }
  const position previous{to.next() - 1, *log().term_at(to.next() - 1)};
  std::vector<entry> entries;
  std::size_t bytes = 0;
  if (const auto room = to.room(options_.pace); room > 0)
    entries = log().slice(to.next(), room);
  for (const auto& e : entries)
    bytes += e.size_bytes();
  to.sent(entries.size(), bytes, commit_);
  way().push_back(
      {server, append_entries{options_.id, term(), previous, std::move(entries), commit_, round_}});
}

void consensus::send_all_due() {
  for (auto& [server, follower] : followers_)
    while (follower.is_due(log().last().index, commit_, options_.pace))
      send_to(server, follower);
}

void consensus::send_heartbeats() {
  ++round_;
  for (auto& [server, follower] : followers_)
    follower.must_send();
}

// --- Reads --------------------------------------------------------------------------------------

/// Answers the round that is over, and begins the next one if somebody waits. Before an entry of
/// the own term is committed it is not known what is committed.
void consensus::finish_read_round() {
  const auto has_answered = [this](const role_id& id) {
    const auto f = followers_.find(id);
    return id == options_.id ||
           (f != followers_.end() && f->second.round() >= reads_.under_way()->number);
  };
  while (true) {
    if (reads_.under_way()) {
      if (!members().has_majority(has_answered))
        return;
      const auto ended = reads_.end();
      for (const auto& [server, number] : ended.asked)
        if (server == options_.id)
          on(read_index_reply{options_.id, number, ended.index});
        else
          way().push_back({server, read_index_reply{options_.id, number, ended.index}});
    }
    if (!reads_.may_begin() || log().term_at(commit_) != term())
      return;
    send_heartbeats();
    reads_.begin(round_, commit_);
  }
}

} // namespace pmmc::raft
