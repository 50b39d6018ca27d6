#include "search/raft/successors.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft::search {

void follow(const cluster_state& before, const transition& t, cluster_state& after) {
  after.servers = t.servers;
  after.past = t.past;
  after.messages.clear();
  std::merge(before.messages.begin(), before.messages.end(), t.sent.begin(), t.sent.end(),
             std::back_inserter(after.messages));
  if (!t.forgotten.empty())
    std::erase_if(after.messages, [&](part_id id) {
      return std::binary_search(t.forgotten.begin(), t.forgotten.end(), id);
    });
}

successors::successors(universe& u, const scope& s) : universe_(u), scope_(s), steps_(1024) {}

// --- What was looked up before ------------------------------------------------------------------

const step_result& successors::step(const step_key& key) {
  const auto place = [&](const step_key& k) -> remembered& {
    auto at = step_key_hash{}(k) & (steps_.size() - 1);
    while (steps_[at].result != nullptr && !(steps_[at].key == k))
      at = (at + 1) & (steps_.size() - 1);
    return steps_[at];
  };
  auto& known = place(key);
  if (known.result != nullptr)
    return *known.result;
  const auto& result = universe_.step(key);
  known = {key, &result};
  if (++steps_used_ * 2 > steps_.size()) {
    const auto old = std::exchange(steps_, std::vector<remembered>(steps_.size() * 2));
    for (const auto& r : old)
      if (r.result != nullptr)
        place(r.key) = r;
  }
  return result;
}

const history_result& successors::take_in(part_id past, part_id server) {
  auto& known = taken_in_[std::uint64_t{past} << 32 | server];
  if (known == nullptr)
    known = &universe_.take_in(past, server);
  return *known;
}

part_id successors::forget_leaders(part_id past) {
  std::uint32_t may_be_led = 0;
  for (const auto id : now_.servers)
    may_be_led |= universe_.server(id).fact.may_lead;
  const auto [at, is_new] =
      without_leaders_.try_emplace(std::uint64_t{past} << 32 | may_be_led, no_part);
  if (is_new)
    at->second = universe_.forget_leaders(past, may_be_led);
  return at->second;
}

// --- What becomes of messages -------------------------------------------------------------------

void successors::send(const std::vector<part_id>& messages) {
  for (const auto id : messages) {
    if (id >= is_sent_.size())
      is_sent_.resize(id + 64);
    if (is_sent_[id] == 0 && std::find(now_.sent.begin(), now_.sent.end(), id) == now_.sent.end())
      now_.sent.push_back(id);
  }
}

/// A request that a server answers without changing is answered at once: whoever has the answer can
/// still never receive it, so nothing is lost.
void successors::answer_at_once(part_id message) {
  const auto server = now_.servers[universe_.message(message).to];
  const auto& result = step({server, input_kind::message, step_key::survives, message});
  if (result.after == server && result.fault.empty())
    send(result.sent);
}

void successors::answer_at_once(const cluster_state& s) {
  for (const auto id : s.messages)
    if (universe_.message(id).to == now_.server)
      answer_at_once(id);
  for (std::size_t i = 0; i < now_.sent.size(); ++i)
    answer_at_once(now_.sent[i]);
}

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
  return std::visit(is_dead_to{universe_.server(now_.servers[m.to]).fact}, m.message.body);
}

void successors::forget_dead(const cluster_state& s) {
  std::erase_if(now_.sent, [&](part_id id) { return is_dead(id); });
  for (const auto id : s.messages)
    if (universe_.message(id).to == now_.server && is_dead(id))
      now_.forgotten.push_back(id);
}

// --- Steps --------------------------------------------------------------------------------------

void successors::add_up(const cluster_state& s) {
  const auto renamings = universe_.renamings();
  now_.sums = before_sums_;
  subtract(now_.sums, universe_.server(s.servers[now_.server]).hashes, renamings);
  add(now_.sums, universe_.server(now_.servers[now_.server]).hashes, renamings);
  subtract(now_.sums, universe_.past(s.past).hashes, renamings);
  add(now_.sums, universe_.past(now_.past).hashes, renamings);
  for (const auto id : now_.sent)
    add(now_.sums, universe_.message(id).hashes, renamings);
  for (const auto id : now_.forgotten)
    subtract(now_.sums, universe_.message(id).hashes, renamings);
}

bool successors::try_step(const cluster_state& s, unsigned server, const step_key& key,
                          const visitor& visit) {
  const auto& result = step(key);
  if (result.changes_nothing)
    return true;
  now_.key = key;
  now_.server = server;
  now_.result = &result;
  now_.servers = s.servers;
  now_.past = s.past;
  now_.sent.clear();
  now_.forgotten.clear();
  now_.fault = result.fault;
  now_.committed_from = 0;
  if (!now_.fault.empty())
    return visit(now_);
  now_.servers[server] = result.after;
  send(result.sent);
  const auto& past = take_in(s.past, result.after);
  now_.fault = past.fault;
  if (!now_.fault.empty())
    return visit(now_);
  now_.committed_from = past.committed_from;
  now_.past = past.after;
  if (scope_.reduce) {
    now_.past = forget_leaders(past.after);
    answer_at_once(s);
    forget_dead(s);
  }
  std::sort(now_.sent.begin(), now_.sent.end());
  add_up(s);
  return visit(now_);
}

/// And the same step by a server that does not survive it.
bool successors::try_step(const cluster_state& s, unsigned server, input_kind kind,
                          part_id argument, const visitor& visit) {
  step_key key{s.servers[server], kind, step_key::survives, argument};
  if (!try_step(s, server, key, visit))
    return false;
  const auto& result = step(key);
  for (auto written = result.first_cut; written < result.cuts; ++written) {
    key.cut = written;
    if (!try_step(s, server, key, visit))
      return false;
  }
  return true;
}

bool successors::crashes(const cluster_state& s, unsigned server, const visitor& visit) {
  if (!scope_.crashes)
    return true;
  const auto most = universe_.server(s.servers[server]).fact.to_write;
  for (unsigned written = 0; written <= most; ++written)
    if (!try_step(s, server, input_kind::crash, written, visit))
      return false;
  return true;
}

bool successors::news_of_terms(const cluster_state& s, unsigned server, const visitor& visit) {
  std::uint32_t terms = 0;
  for (const auto id : s.servers)
    terms |= 1U << universe_.server(id).fact.disk_term;
  for (auto term = universe_.server(s.servers[server]).fact.term + 1; term <= most_terms; ++term)
    if ((terms >> term & 1U) != 0 &&
        !try_step(s, server, input_kind::hear_of_term, static_cast<part_id>(term), visit))
      return false;
  return true;
}

bool successors::fetched_snapshots(const cluster_state& s, unsigned server, const visitor& visit) {
  const auto& wanted = universe_.server(s.servers[server]).contents.fetching;
  if (!wanted)
    return true;
  const auto found = universe_.server(s.servers[number_of(wanted->from)]).snapshot;
  return found == no_part || try_step(s, server, input_kind::take_snapshot, found, visit);
}

bool successors::leaders_events(const cluster_state& s, unsigned server, const visitor& visit) {
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
bool successors::chosen_events(const cluster_state& s, unsigned server, const visitor& visit) {
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

void successors::for_each(const cluster_state& s, const visitor& visit) {
  std::fill(is_sent_.begin(), is_sent_.end(), std::uint8_t{0});
  if (!s.messages.empty() && s.messages.back() >= is_sent_.size())
    is_sent_.resize(s.messages.back() + 64);
  for (const auto id : s.messages)
    is_sent_[id] = 1;
  before_sums_ = sums_of(universe_, s);
  for (unsigned server = 0; server < s.servers.size(); ++server)
    if (!chosen_events(s, server, visit))
      return;
  for (const auto id : s.messages)
    if (!try_step(s, universe_.message(id).to, input_kind::message, id, visit))
      return;
}

} // namespace pmmc::raft::search
