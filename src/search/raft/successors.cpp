#include "search/raft/successors.hpp"

#include <algorithm>

namespace pmmc::raft::search {

// --- What becomes of messages -------------------------------------------------------------------

namespace {

/// Whether a message will never again mean anything to `to`, nor be answered.
struct is_dead_to {
  const server_fact& to;

  bool is_past(term_num term) const { return term < to.disk_term; }

  /// A vote is given once in a term.
  bool operator()(const request_vote& m) const {
    return is_past(m.term) || (m.term == to.disk_term && to.disk_has_voted);
  }
  /// It was asked for, and is counted by the same candidacy only.
  bool operator()(const vote& m) const {
    return m.term != to.term || to.state != consensus::state::candidate;
  }
  bool operator()(const append_entries& m) const { return is_past(m.term); }
  bool operator()(const snapshot_offer& m) const { return is_past(m.term); }
  /// Who follows in a term does not come to lead it. To a leader, what does not match below what
  /// does is no news; what matches may end its probing.
  bool operator()(const append_reply& m) const {
    if (is_past(m.term))
      return true;
    if (m.term != to.term || to.term != to.disk_term)
      return false;
    if (to.state != consensus::state::leader)
      return to.state == consensus::state::follower;
    const auto from = number_of(m.from);
    return !m.is_match && m.last < to.match[from] && m.round <= to.round[from];
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

} // namespace

bool successors::is_dead(part_id message) const {
  const auto& m = universe_.message(message);
  return std::visit(is_dead_to{universe_.server(next_state().servers[m.to]).fact}, m.message.body);
}

/// All but the leaders of terms that somebody can still come to lead.
std::uint32_t successors::forgettable(part_id) const {
  std::uint32_t may_be_led = 0;
  for (const auto id : next_state().servers)
    may_be_led |= universe_.server(id).fact.may_lead;
  return may_be_led;
}

// --- Steps --------------------------------------------------------------------------------------

bool successors::crashes(const server_state& s, unsigned server, const visitor& visit) {
  if (!scope_.crashes)
    return true;
  const auto most = universe_.server(s.servers[server]).fact.to_write;
  for (unsigned written = 0; written <= most; ++written)
    if (!try_step(s, server, input_kind::crash, written, visit))
      return false;
  return true;
}

bool successors::news_of_terms(const server_state& s, unsigned server, const visitor& visit) {
  std::uint32_t terms = 0;
  for (const auto id : s.servers)
    terms |= 1U << universe_.server(id).fact.disk_term;
  for (auto term = universe_.server(s.servers[server]).fact.term + 1; term <= most_terms; ++term)
    if ((terms >> term & 1U) != 0 &&
        !try_step(s, server, input_kind::hear_of_term, static_cast<part_id>(term), visit))
      return false;
  return true;
}

bool successors::fetched_snapshots(const server_state& s, unsigned server, const visitor& visit) {
  const auto& wanted = universe_.server(s.servers[server]).contents.fetching;
  if (!wanted)
    return true;
  const auto found = universe_.snapshot_of(s.servers[number_of(wanted->from)]);
  return found == no_part || try_step(s, server, input_kind::take_snapshot, found, visit);
}

bool successors::leaders_events(const server_state& s, unsigned server, const visitor& visit) {
  const auto may = [&](bool is_in_scope, input_kind kind, part_id argument = 0) {
    return !is_in_scope || try_step(s, server, kind, argument, visit);
  };
  if (!may(true, input_kind::propose_command) || !may(scope_.resign, input_kind::miss_answers) ||
      !may(scope_.heartbeats != 0, input_kind::send_heartbeats) ||
      !may(scope_.change != 0, input_kind::change_servers))
    return false;
  for (unsigned other = 0; other < s.servers.size(); ++other)
    if (other != server && !may(scope_.disconnect, input_kind::lose_connection, other))
      return false;
  return true;
}

/// What happens without a message.
bool successors::chosen_events(const server_state& s, unsigned server, const visitor& visit) {
  const auto& fact = universe_.server(s.servers[server]).fact;
  if (!crashes(s, server, visit) || !try_step(s, server, input_kind::run_for_office, 0, visit) ||
      !news_of_terms(s, server, visit) || !fetched_snapshots(s, server, visit))
    return false;
  if (fact.state == consensus::state::leader && !leaders_events(s, server, visit))
    return false;
  if (scope_.compact && !try_step(s, server, input_kind::compact_log, 0, visit))
    return false;
  const auto committed = static_cast<part_id>(universe_.past(s.past).contents.committed.size());
  if (scope_.reads != 0 && !try_step(s, server, input_kind::begin_read, committed, visit))
    return false;
  return !scope_.slow_disks || try_step(s, server, input_kind::finish_write, 0, visit);
}

} // namespace pmmc::raft::search
