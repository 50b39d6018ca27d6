#include "search/simple/server_host.hpp"

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

server_host::server_host(const scope& s) : scope_(s) {
  for (unsigned i = 0; i < s.servers; ++i)
    servers_.push_back(id_of(i));
}

/// Probes of an earlier life are told from those of this one, as random numbers would do it.
server_core server_host::make(unsigned number, acceptor_state recovered, slot_num snapshot,
                              unsigned last_read) const {
  server_core::settings options;
  options.servers = servers_;
  options.id = id_of(number);
  server_core core{std::move(options), std::move(recovered), snapshot};
  role_contents::begin_rounds_after(core, last_read);
  return core;
}

std::vector<server_process> server_host::first_processes() const {
  std::vector<server_process> all;
  for (unsigned i = 0; i < scope_.servers; ++i)
    all.push_back({i, make(i, {}, 1, 0), {}, 1, 0, 0, 0, {}});
  return all;
}

void server_host::restart(running& s) const {
  auto& p = s.now;
  p.must_see.clear();
  p.core = make(p.number, p.disk, p.snapshot, p.reads);
}

// --- A step within the bounds -------------------------------------------------------------------

step_outcome server_host::step(const server_process& before, const input& in, cut survives) const {
  auto out = try_step(before, in, survives, true);
  if (!out.happened || !out.fault.empty() || !is_beyond_bounds(out.after))
    return out;
  out = try_step(before, in, survives, false);
  out.happened &=
      !std::holds_alternative<propose_command>(in) && !std::holds_alternative<fill_slots>(in);
  return out;
}

bool server_host::is_beyond_bounds(const server_process& p) const {
  return p.rounds > scope_.rounds || p.core.own_proposals().end() > scope_.slots + 1;
}

step_outcome server_host::try_step(server_process before, const input& in, cut survives,
                                   bool may_start) const {
  role_contents::let_start(before.core, may_start);
  return part_host::step(std::move(before), in, survives);
}

// --- What is chosen -----------------------------------------------------------------------------

/// Whether it is possible here. A snapshot is durable before the core is told of it.
bool server_host::choose(running& s, const input& in) const {
  auto& p = s.now;
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
    s.out.acts_early = p.snapshot != p.core.slot_out();
    p.snapshot = p.core.slot_out();
    p.core.done(p.snapshot);
    return true;
  }
  if (const auto* found = std::get_if<take_snapshot>(&in)) {
    if (found->slot <= p.core.slot_out())
      return false;
    s.out.acts_early = true;
    p.snapshot = found->slot;
    p.core.installed(p.snapshot);
    return true;
  }
  return p.number < scope_.proposers && choose_for_proposer(p, in);
}

bool server_host::choose_for_proposer(server_process& p, const input& in) const {
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

void server_host::taken(running& s, const outputs& wanted) const {
  s.now.rounds += numbers_taken(wanted.send);
}

/// Whoever learns a value by its own proposal tells all others. So what others answer to this
/// server later, when it has forgotten the value, is among these messages if it hears of it, too.
std::vector<envelope> server_host::modelled(std::vector<envelope> sends) const {
  for (std::size_t i = 0, count = sends.size(); i < count; ++i)
    if (std::holds_alternative<chosen>(sends[i].body))
      for (const auto& id : servers_)
        sends.push_back({id, sends[i].body});
  return sends;
}

void server_host::carry_out_rest(running& s, const outputs& wanted) const {
  auto& p = s.now;
  auto next = std::max(s.out.after.core.slot_out(), p.snapshot);
  for (const auto& c : wanted.chosen)
    if (c.slot != next++)
      s.out.fault = "R2: the slots come out in order and without gaps";
  for (const auto& read : wanted.reads) {
    if (read.slot <= p.must_see.at(read.number) || p.core.slot_out() < read.slot)
      s.out.fault = "a read misses what was chosen before it was asked for (read " +
                    std::to_string(read.number) + ")";
    p.must_see.erase(read.number);
  }
}

} // namespace pmmc::simple::search
