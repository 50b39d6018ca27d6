#include "search/raft/server_host.hpp"

#include "search/raft/contents.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft::search {

namespace {

/// The answer to a request of an old term: it says that there is a later one, and, to who leads
/// that by now, nothing.
bool is_late_answer(const append_reply& m) { return !m.is_match && m.conflict == position{}; }

std::string bytes_of(const envelope& e) {
  std::string bytes;
  byte_writer{bytes, no_renaming}.put(e);
  return bytes;
}

/// A message that waits already is not sent twice, so that what waits is bounded.
void wait_to_write(server_process& p, std::vector<record> records, std::vector<envelope> sends) {
  std::erase_if(sends, [&](const envelope& e) {
    return std::any_of(p.writing.begin(), p.writing.end(), [&](const auto& w) {
      return std::any_of(w.sends.begin(), w.sends.end(),
                         [&](const envelope& other) { return bytes_of(other) == bytes_of(e); });
    });
  });
  if (records.empty() && !p.writing.empty())
    std::move(sends.begin(), sends.end(), std::back_inserter(p.writing.back().sends));
  else
    p.writing.push_back({std::move(records), std::move(sends)});
}

} // namespace

server_host::server_host(const scope& s) : scope_(s), targets_(targets_of(s)) {}

consensus server_host::make(unsigned number, persistent_state recovered) const {
  consensus::settings options;
  options.id = id_of(number);
  if (scope_.single)
    options.pace.append_bytes = 1;
  return consensus{options, std::move(recovered)};
}

std::vector<server_process> server_host::first_processes() const {
  std::vector<server_process> all;
  const auto state = founding_state({1, targets_.front(), {}});
  for (unsigned i = 0; i < servers_of(scope_); ++i)
    all.push_back({i, make(i, state), state, {}, {}, 0, 0});
  return all;
}

// --- What is modelled ---------------------------------------------------------------------------

/// Who runs for office is the search's choice, so it needs neither refusals (see hear_of_term) nor
/// to be told to run.
bool server_host::is_modelled(const message& m) const {
  if (const auto* v = std::get_if<vote>(&m))
    return v->is_granted;
  if (const auto* a = std::get_if<append_reply>(&m))
    return scope_.late_answers || !is_late_answer(*a);
  return !std::holds_alternative<timeout_now>(m);
}

std::vector<envelope> server_host::modelled(std::vector<envelope> sends) const {
  std::erase_if(sends, [this](const envelope& e) { return !is_modelled(e.body); });
  return sends;
}

/// Each question that is delivered to a leader may begin a round of heartbeats.
bool server_host::may_hear(const server_process& p, const message& m) const {
  return !std::holds_alternative<read_index>(m) ||
         role_contents::round_of(p.core) < scope_.heartbeats;
}

// --- What is chosen -----------------------------------------------------------------------------

/// Whether it is possible here.
bool server_host::choose(running& s, const input& in) const {
  auto& p = s.now;
  auto& core = p.core;
  if (std::holds_alternative<finish_write>(in))
    return finish_writes(s);
  if (const auto* news = std::get_if<hear_of_term>(&in)) {
    core.on(vote{core.members().all().front(), news->term, false, false});
    return true;
  }
  if (const auto* read = std::get_if<begin_read>(&in))
    return begin_to_read(p, read->committed);
  if (const auto* found = std::get_if<take_snapshot>(&in)) {
    if (!p.fetching || found->of.base.index < p.fetching->base.index)
      return false;
    p.fetching.reset();
    core.installed(found->of.base, found->of.members);
    return true;
  }
  if (std::holds_alternative<compact_log>(in))
    return compact(p);
  if (std::holds_alternative<run_for_office>(in)) {
    if (core.is_leader() || core.term() >= scope_.terms || !role_contents::may_run_for_office(core))
      return false;
    role_contents::run_for_office(core);
    return true;
  }
  return core.is_leader() && choose_for_leader(p, in);
}

bool server_host::choose_for_leader(server_process& p, const input& in) const {
  auto& core = p.core;
  if (std::holds_alternative<change_servers>(in))
    return change(core);
  if (std::holds_alternative<propose_command>(in))
    return propose(core);
  if (std::holds_alternative<miss_answers>(in)) {
    role_contents::miss_answers(core);
  } else if (const auto* lost = std::get_if<lose_connection>(&in)) {
    core.on_peer_down(id_of(lost->to));
  } else {
    if (role_contents::round_of(core) >= scope_.heartbeats)
      return false;
    role_contents::send_heartbeats(core);
  }
  return true;
}

/// Later questions are asked by ticks.
bool server_host::begin_to_read(server_process& p, slot_num committed) const {
  const auto& core = p.core;
  if (p.reads >= scope_.reads || core.leader().empty() ||
      (core.is_leader() && role_contents::round_of(core) >= scope_.heartbeats))
    return false;
  p.must_see = committed;
  p.core.barrier(++p.reads);
  return true;
}

/// A command says where it stands: what two leaders propose differs, what one proposes twice, too.
bool server_host::propose(consensus& core) const {
  const auto& log = core.log();
  unsigned own = 0;
  for (auto i = log.first(); i <= log.last().index; ++i)
    own += log.at(i).term == core.term() && !log.at(i).value.is_noop() ? 1 : 0;
  if (own >= scope_.entries || log.last().index >= scope_.terms * (scope_.entries + 1))
    return false;
  const auto at = std::to_string(log.last().index + 1) + "/" + std::to_string(core.term());
  return core.propose(command{at}).has_value();
}

bool server_host::change(consensus& core) const {
  const auto version = core.members().version;
  return version < targets_.size() && core.change(version, targets_[version], {}).empty();
}

bool server_host::compact(server_process& p) const {
  if (p.core.commit() <= p.core.log().base().index)
    return false;
  p.core.compact(p.core.commit());
  return true;
}

// --- What comes of it ---------------------------------------------------------------------------

void server_host::taken(running& s, const outputs& wanted) const {
  for (const auto& r : wanted.readable)
    if (r.index < s.now.must_see)
      s.out.fault = "a read misses what was committed before it was asked (read " +
                    std::to_string(r.number) + ")";
  if (wanted.fetch_snapshot)
    s.now.fetching = wanted.fetch_snapshot;
}

/// What waits for no record waits for those before it.
bool server_host::puts_off(running& s, outputs& wanted) const {
  if (!scope_.slow_disks || (wanted.persist.empty() && s.now.writing.empty()))
    return false;
  wait_to_write(s.now, std::move(wanted.persist), std::move(wanted.send));
  return true;
}

/// The oldest write, and what waited for it and for nothing else.
bool server_host::finish_writes(running& s) const {
  auto& writing = s.now.writing;
  if (writing.empty())
    return false;
  do {
    outputs done;
    done.persist = std::move(writing.front().records);
    done.send = std::move(writing.front().sends);
    writing.pop_front();
    carry_out(s, std::move(done));
  } while (!writing.empty() && writing.front().records.empty());
  return true;
}

/// Some of what is on its way to the disk gets there.
void server_host::restart(running& s) const {
  auto& p = s.now;
  for (const auto& w : std::exchange(p.writing, {}))
    if (!write(s, w.records))
      break;
  p.fetching.reset();
  p.must_see = 0;
  p.core = make(p.number, p.disk);
}

} // namespace pmmc::raft::search
