#include "search/raft/server_process.hpp"

#include "search/broken_assertion.hpp"
#include "search/raft/contents.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::raft::search {

namespace {

/// The answer to a request of an old term: it says that there is a later one, and, to who leads
/// that by now, nothing.
bool is_late_answer(const append_reply& m) { return !m.is_match && m.conflict == position{}; }

void append(std::vector<envelope>& to, std::vector<envelope> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

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
    append(p.writing.back().sends, std::move(sends));
  else
    p.writing.push_back({std::move(records), std::move(sends)});
}

} // namespace

server_driver::server_driver(const scope& s) : scope_(s), targets_(targets_of(s)) {
  pmmc::search::throw_broken_assertions();
}

consensus server_driver::start(unsigned number, persistent_state recovered) const {
  consensus::settings options;
  options.id = id_of(number);
  if (scope_.single)
    options.pace.append_bytes = 1;
  return consensus{options, std::move(recovered)};
}

std::vector<server_process> server_driver::first_processes() const {
  std::vector<server_process> all;
  const auto state = founding_state({1, targets_.front(), {}});
  for (unsigned i = 0; i < servers_of(scope_); ++i)
    all.push_back({i, start(i, state), state, {}, {}, 0, 0});
  return all;
}

/// Who runs for office is the search's choice, so it needs neither refusals (see hear_of_term) nor
/// to be told to run.
bool server_driver::is_modelled(const message& m) const {
  if (const auto* v = std::get_if<vote>(&m))
    return v->is_granted;
  if (const auto* a = std::get_if<append_reply>(&m))
    return scope_.late_answers || !is_late_answer(*a);
  return !std::holds_alternative<timeout_now>(m);
}

std::vector<envelope> server_driver::modelled(std::vector<envelope> letters) const {
  std::erase_if(letters, [this](const envelope& e) { return !is_modelled(e.body); });
  return letters;
}

step_outcome server_driver::step(const server_process& before, const input& in,
                                 cut survives) const {
  step_outcome out{before};
  auto p = before;
  try {
    if (const auto* const* m = std::get_if<const envelope*>(&in))
      out.happened = deliver(p.core, (*m)->body);
    else if (const auto* c = std::get_if<crash>(&in)) {
      survives = c->written;
    } else if (std::holds_alternative<finish_write>(in)) {
      out.happened = !p.writing.empty() && finish(p, out, survives);
    } else
      out.happened = choose(p, in);
    if (out.happened)
      carry_out(p, out, survives);
    if (out.happened)
      out.after = std::move(p);
  } catch (const pmmc::search::broken_assertion& e) {
    out.happened = true;
    out.fault = e.what();
  }
  return out;
}

/// Each question that is delivered to a leader may begin a round of heartbeats.
bool server_driver::deliver(consensus& core, const message& m) const {
  if (std::holds_alternative<read_index>(m) && role_contents::round_of(core) >= scope_.heartbeats)
    return false;
  std::visit([&](const auto& body) { core.on(body); }, m);
  return true;
}

/// Whether it is possible here.
bool server_driver::choose(server_process& p, const input& in) const {
  auto& core = p.core;
  const bool leads = core.is_leader();
  if (std::holds_alternative<run_for_office>(in)) {
    if (leads || core.term() >= scope_.terms || !core.members().has(core.options().id))
      return false;
    role_contents::run_for_office(core);
  } else if (const auto* news = std::get_if<hear_of_term>(&in)) {
    core.on(vote{core.members().all().front(), news->term, false, false});
  } else if (const auto* read = std::get_if<begin_read>(&in)) {
    if (p.reads >= scope_.reads || core.leader().empty() ||
        (leads && role_contents::round_of(core) >= scope_.heartbeats))
      return false; // later questions are asked by ticks
    p.must_see = read->committed;
    core.barrier(++p.reads);
  } else if (const auto* found = std::get_if<take_snapshot>(&in)) {
    if (!p.fetching || found->of.base.index < p.fetching->base.index)
      return false;
    p.fetching.reset();
    core.installed(found->of.base, found->of.members);
  } else if (std::holds_alternative<compact_log>(in)) {
    return compact(p);
  } else if (!leads) {
    return false;
  } else if (std::holds_alternative<miss_answers>(in)) {
    role_contents::miss_answers(core);
  } else if (std::holds_alternative<send_heartbeats>(in)) {
    if (role_contents::round_of(core) >= scope_.heartbeats)
      return false;
    role_contents::send_heartbeats(core);
  } else if (const auto* lost = std::get_if<lose_connection>(&in)) {
    core.on_peer_down(id_of(lost->to));
  } else if (std::holds_alternative<change_servers>(in)) {
    return change(core);
  } else {
    return propose(core);
  }
  return true;
}

/// A command says where it stands: what two leaders propose differs, what one proposes twice, too.
bool server_driver::propose(consensus& core) const {
  const auto& log = core.log();
  unsigned own = 0;
  for (auto i = log.first(); i <= log.last().index; ++i)
    own += log.at(i).term == core.term() && !log.at(i).value.is_noop() ? 1 : 0;
  if (own >= scope_.entries || log.last().index >= scope_.terms * (scope_.entries + 1))
    return false;
  const auto at = std::to_string(log.last().index + 1) + "/" + std::to_string(core.term());
  return core.propose(command{at}).has_value();
}

bool server_driver::change(consensus& core) const {
  const auto version = core.members().version;
  return version < targets_.size() && core.change(version, targets_[version], {}).empty();
}

bool server_driver::compact(server_process& p) const {
  if (p.core.commit() <= p.core.log().base().index)
    return false;
  p.core.compact(p.core.commit());
  return true;
}

/// In the order of `outputs`. A server that does not survive the step has sent what may leave
/// early, and what waited for the records that were written.
void server_driver::carry_out(server_process& p, step_outcome& out, cut survives) const {
  for (auto wanted = p.core.take(); !wanted.empty(); wanted = p.core.take()) {
    out.acts_early |= !wanted.send_early.empty() && out.records == 0;
    append(out.sent, modelled(std::move(wanted.send_early)));
    for (const auto& r : wanted.readable)
      if (r.index < p.must_see)
        out.fault = "a read misses what was committed before it was asked (read " +
                    std::to_string(r.number) + ")";
    if (wanted.fetch_snapshot)
      p.fetching = wanted.fetch_snapshot;
    wait_to_write(p, std::move(wanted.persist), modelled(std::move(wanted.send)));
    const bool is_due = p.writing.size() == 1 && p.writing.front().records.empty();
    if ((!scope_.slow_disks || is_due) && !finish(p, out, survives))
      break;
  }
  if (!survives)
    return;
  for (const auto& w : p.writing)
    for (const auto& r : w.records)
      if (*survives > 0) {
        --*survives;
        p.disk.apply(r);
      }
  come_back(p);
}

/// The oldest write, and what waited for it and for nothing else. False: it is not survived.
bool server_driver::finish(server_process& p, step_outcome& out, cut& survives) const {
  do {
    const auto count = static_cast<unsigned>(p.writing.front().records.size());
    if (survives && *survives < count)
      return false;
    if (survives)
      *survives -= count;
    auto done = std::move(p.writing.front());
    p.writing.pop_front();
    for (const auto& r : done.records)
      p.disk.apply(r);
    out.records += count;
    append(out.sent, std::move(done.sends));
    p.core.persisted(done.records);
  } while (!p.writing.empty() && p.writing.front().records.empty());
  return true;
}

void server_driver::come_back(server_process& p) const {
  p.writing.clear();
  p.fetching.reset();
  p.must_see = 0;
  p.core = start(p.number, p.disk);
}

void put(byte_writer& out, const server_process& p) {
  const auto& [number, core, disk, writing, fetching, reads, must_see] = p;
  out.put_server(number);
  role_contents::put(out, core);
  out.put(writing.size());
  out.put(disk);
  for (const auto& [records, sends] : writing) {
    out.put(records.size());
    for (const auto& r : records)
      out.put(r);
    out.put_sorted(sends);
  }
  out.put(std::uint64_t{fetching.has_value()});
  if (fetching) {
    out.put(fetching->from);
    out.put(fetching->base);
  }
  out.put(reads);
  out.put(must_see);
}

} // namespace pmmc::raft::search
