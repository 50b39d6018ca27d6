#include "search/simple/successors.hpp"

#include <array>
#include <variant>

namespace pmmc::simple::search {

// --- What becomes of messages -------------------------------------------------------------------

namespace {

using phase = role_contents::phase;

/// Whether a message will never again mean anything to `to`, nor be answered with what means
/// anything. The values of slots are known to be told to all (server_host::modelled).
struct is_dead_to {
  const server_fact& to;
  const universe& u;
  const std::vector<part_id>& servers;
  const scope& bounds;

  const server_fact& fact_of(const role_id& id) const {
    return u.server(servers[number_of(id)]).fact;
  }
  static bool is(const server_fact& proposer, slot_num slot, proposal_number number, phase now) {
    const auto* attempt = proposer.attempt(slot, number);
    return attempt != nullptr && attempt->phase == now;
  }
  /// Numbers are never taken again (L3).
  static bool waits_for(const server_fact& proposer, slot_num slot, proposal_number number,
                        phase now, const role_id& acceptor) {
    return is(proposer, slot, number, now) &&
           (proposer.attempt(slot, number)->answered >> number_of(acceptor) & 1U) == 0;
  }
  bool has_promised(slot_num slot, proposal_number number) const {
    const auto* vote = to.vote(slot);
    return slot < to.disk.min || (vote != nullptr && vote->promised >= number);
  }
  /// It is refused, or the answer tells what is known, for good.
  bool is_settled(slot_num slot) const {
    return slot < to.disk.min || (!bounds.crashes && !bounds.collect && to.knows(slot));
  }

  /// The answer is a promise, or a refusal that ends the attempt. A refusal of an earlier number is
  /// of the scope only with `late_rejects`.
  bool operator()(const prepare& m) const {
    if (is_settled(m.slot))
      return true;
    return has_promised(m.slot, m.number) && !bounds.late_rejects &&
           !is(fact_of(m.proposer), m.slot, m.number, phase::preparing);
  }
  bool operator()(const accept& m) const {
    if (is_settled(m.slot))
      return true;
    const auto* vote = to.vote(m.slot);
    const bool is_over =
        vote != nullptr && (vote->promised > m.what.number || vote->highest == m.what);
    return is_over && !bounds.late_rejects &&
           !is(fact_of(m.proposer), m.slot, m.what.number, phase::accepting);
  }
  bool operator()(const promise& m) const {
    return !waits_for(to, m.slot, m.number, phase::preparing, m.acceptor);
  }
  bool operator()(const accepted& m) const {
    return !waits_for(to, m.slot, m.number, phase::accepting, m.acceptor);
  }
  /// The next number is above what the own acceptor has promised, too.
  bool operator()(const reject& m) const {
    if (is(to, m.slot, m.asked, phase::preparing) || is(to, m.slot, m.asked, phase::accepting))
      return false;
    return !bounds.late_rejects || is_settled(m.slot) || has_promised(m.slot, m.promised);
  }
  bool operator()(const chosen& m) const {
    return m.slot < to.snapshot || (!bounds.crashes && to.knows(m.slot));
  }
  /// The search chooses who takes whose snapshot.
  bool operator()(const collected&) const { return true; }
  bool operator()(const read_probe& m) const {
    const auto& asks = fact_of(m.server).probes;
    return !asks || asks->number != m.round || (asks->answered >> to.number & 1U) != 0;
  }
  bool operator()(const read_probe_reply& m) const {
    return !to.probes || to.probes->number != m.round ||
           (to.probes->answered >> number_of(m.acceptor) & 1U) != 0;
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

} // namespace

bool successors::is_dead(part_id message) const {
  const auto& m = universe_.message(message);
  const auto& servers = next_state().servers;
  return std::visit(is_dead_to{universe_.server(servers[m.to]).fact, universe_, servers, scope_},
                    m.message.body);
}

std::uint32_t successors::forgettable(part_id past) const {
  std::array<const server_fact*, pmmc::search::most_servers> facts{};
  const auto& servers = next_state().servers;
  for (std::size_t i = 0; i < servers.size(); ++i)
    facts[i] = &universe_.server(servers[i]).fact;
  return settled_proposals(universe_.past(past).contents, {facts.data(), servers.size()});
}

/// Progress may be told at any time.
void successors::act_at_once() {
  if (scope_.collect)
    for (unsigned server = 0; server < scope_.servers; ++server)
      do_at_once(server, input_kind::tell_progress, 0);
}

// --- Steps --------------------------------------------------------------------------------------

bool successors::proposers_events(const server_state& s, unsigned server, const visitor& visit) {
  if (server >= scope_.proposers)
    return true;
  if (!try_step(s, server, input_kind::propose_command, 0, visit) ||
      !try_step(s, server, input_kind::fill_slots, 0, visit))
    return false;
  const auto& attempts = universe_.server(s.servers[server]).fact.attempts;
  for (const auto& a : attempts)
    if (a.phase == phase::waiting &&
        !try_step(s, server, input_kind::try_next_number, static_cast<part_id>(a.slot), visit))
      return false;
  return true;
}

/// They are fetched from any server, by whoever is behind it, at any time.
bool successors::snapshots(const server_state& s, unsigned server, const visitor& visit) {
  if (!scope_.collect)
    return true;
  for (const auto kind : {input_kind::tell_progress, input_kind::save_snapshot})
    if (!try_step(s, server, kind, 0, visit))
      return false;
  const auto slot_out = universe_.server(s.servers[server]).fact.slot_out;
  for (auto slot = slot_out + 1; slot <= scope_.slots + 1; ++slot) {
    bool is_there = false;
    for (const auto id : s.servers)
      is_there |= universe_.server(id).fact.snapshot == slot;
    if (is_there &&
        !try_step(s, server, input_kind::take_snapshot, static_cast<part_id>(slot), visit))
      return false;
  }
  return true;
}

/// What happens without a message.
bool successors::chosen_events(const server_state& s, unsigned server, const visitor& visit) {
  if (scope_.crashes && !try_step(s, server, input_kind::crash, 0, visit))
    return false;
  if (!proposers_events(s, server, visit) || !snapshots(s, server, visit))
    return false;
  const auto last = static_cast<part_id>(universe_.past(s.past).contents.last_chosen());
  return scope_.reads == 0 || try_step(s, server, input_kind::begin_read, last, visit);
}

} // namespace pmmc::simple::search
