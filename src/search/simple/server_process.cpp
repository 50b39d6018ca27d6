#include "search/simple/server_process.hpp"

#include "search/broken_assertion.hpp"
#include "search/simple/contents.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::simple::search {

namespace {

/// Of one that takes a new number, one goes to each server.
unsigned numbers_taken(const std::vector<envelope>& sends) {
  const auto to = sends.empty() ? role_id{} : sends.front().to;
  return static_cast<unsigned>(std::count_if(sends.begin(), sends.end(), [&](const envelope& e) {
    return e.to == to && std::holds_alternative<prepare>(e.body);
  }));
}

} // namespace

command command_of(unsigned number, unsigned count) {
  return command{id_of(number).str() + "/" + std::to_string(count)};
}

server_driver::server_driver(const scope& s) : scope_(s) {
  pmmc::search::throw_broken_assertions();
  for (unsigned i = 0; i < s.servers; ++i)
    servers_.push_back(id_of(i));
}

/// Probes of an earlier life are told from those of this one, as random numbers would do it.
server_core server_driver::start(unsigned number, acceptor_state recovered, slot_num snapshot,
                                 unsigned last_read) const {
  server_core::settings options;
  options.servers = servers_;
  options.id = id_of(number);
  server_core core{std::move(options), std::move(recovered), snapshot};
  role_contents::begin_rounds_after(core, last_read);
  return core;
}

std::vector<server_process> server_driver::first_processes() const {
  std::vector<server_process> all;
  for (unsigned i = 0; i < scope_.servers; ++i)
    all.push_back({i, start(i, {}, 1, 0), {}, 1, 0, 0, 0, {}});
  return all;
}

// --- A step -------------------------------------------------------------------------------------

/// A command or a no-op for which there is no number or slot left waits.
step_outcome server_driver::step(const server_process& before, const input& in,
                                 cut survives) const {
  auto out = try_step(before, in, survives, true);
  if (!out.happened || !out.fault.empty() || !is_beyond_bounds(out.after))
    return out;
  out = try_step(before, in, survives, false);
  out.happened &=
      !std::holds_alternative<propose_command>(in) && !std::holds_alternative<fill_slots>(in);
  return out;
}

bool server_driver::is_beyond_bounds(const server_process& p) const {
  return p.rounds > scope_.rounds || p.core.own_proposals().end() > scope_.slots + 1;
}

step_outcome server_driver::try_step(const server_process& before, const input& in, cut survives,
                                     bool may_start) const {
  step_outcome out{before};
  auto p = before;
  try {
    role_contents::let_start(p.core, may_start);
    if (const auto* const* m = std::get_if<const envelope*>(&in))
      p.core.on((*m)->body);
    else if (std::holds_alternative<crash>(in))
      come_back(p);
    else
      out.happened = choose(p, in);
    if (out.happened) {
      carry_out(p, out, survives);
      out.after = std::move(p);
    }
  } catch (const pmmc::search::broken_assertion& e) {
    out.happened = true;
    out.fault = e.what();
  }
  return out;
}

/// Whether it is possible here.
bool server_driver::choose(server_process& p, const input& in) const {
  if (const auto* read = std::get_if<begin_read>(&in)) {
    if (p.reads >= scope_.reads)
      return false;
    p.must_see[++p.reads] = read->chosen;
    return p.core.barrier(p.reads);
  }
  if (std::holds_alternative<tell_progress>(in)) {
    role_contents::tell_progress(p.core);
    return true;
  }
  if (std::holds_alternative<save_snapshot>(in)) {
    p.snapshot = p.core.slot_out();
    p.core.done(p.snapshot);
    return true;
  }
  if (const auto* found = std::get_if<take_snapshot>(&in)) {
    if (found->slot <= p.core.slot_out())
      return false;
    p.snapshot = found->slot;
    p.core.installed(p.snapshot);
    return true;
  }
  return p.number < scope_.proposers && choose_for_proposer(p, in);
}

bool server_driver::choose_for_proposer(server_process& p, const input& in) const {
  if (const auto* refused = std::get_if<try_next_number>(&in))
    return p.rounds < scope_.rounds && role_contents::try_next_number(p.core, refused->slot);
  if (std::holds_alternative<fill_slots>(in)) {
    role_contents::fill(p.core);
    return true;
  }
  if (p.asked >= scope_.commands)
    return false;
  ++p.asked;
  return p.core.propose(command_of(p.number, p.asked));
}

// --- What comes of it ---------------------------------------------------------------------------

/// In the order of `outputs`. A server that does not survive the step has sent nothing.
void server_driver::carry_out(server_process& p, step_outcome& out, cut survives) const {
  auto wanted = p.core.take();
  out.acts_early = p.snapshot != out.after.snapshot; // it was durable before the core was told
  out.records = static_cast<unsigned>(wanted.persist.size());
  p.rounds += numbers_taken(wanted.send);
  const auto written = std::min(survives.value_or(out.records), out.records);
  for (unsigned i = 0; i < written; ++i)
    p.disk.apply(wanted.persist[i]);
  if (survives)
    return come_back(p);
  auto next = std::max(out.after.core.slot_out(), p.snapshot);
  for (const auto& c : wanted.chosen)
    if (c.slot != next++)
      out.fault = "R2: the slots come out in order and without gaps";
  answer_reads(p, wanted.reads, out);
  out.sent = all_sent(std::move(wanted.send));
}

void server_driver::answer_reads(server_process& p, const std::vector<readable>& reads,
                                 step_outcome& out) const {
  for (const auto& read : reads) {
    if (read.slot <= p.must_see.at(read.number) || p.core.slot_out() < read.slot)
      out.fault = "a read misses what was chosen before it was asked for (read " +
                  std::to_string(read.number) + ")";
    p.must_see.erase(read.number);
  }
}

/// Whoever learns a value by its own proposal tells all others. So what others answer to this
/// server later, when it has forgotten the value, is among these messages if it hears of it, too.
std::vector<envelope> server_driver::all_sent(std::vector<envelope> sends) const {
  for (std::size_t i = 0, count = sends.size(); i < count; ++i)
    if (std::holds_alternative<chosen>(sends[i].body))
      for (const auto& id : servers_)
        sends.push_back({id, sends[i].body});
  return sends;
}

void server_driver::come_back(server_process& p) const {
  p.must_see.clear();
  p.core = start(p.number, p.disk, p.snapshot, p.reads);
}

void put(byte_writer& out, const server_process& p) {
  const auto& [number, core, disk, snapshot, asked, rounds, reads, must_see] = p;
  out.put_server(number);
  role_contents::put(out, core);
  out.put(disk);
  out.put(snapshot);
  for (const auto count : {asked, rounds, reads})
    out.put(std::uint64_t{count});
  out.put(must_see.size());
  for (const auto& [read, slot] : must_see) {
    out.put(read);
    out.put(slot);
  }
}

} // namespace pmmc::simple::search
