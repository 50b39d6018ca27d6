#include "search/simple/checks.hpp"

#include "search/broken_assertion.hpp"
#include "search/simple/words.hpp"

#include <algorithm>
#include <bit>

namespace pmmc::simple::search {

namespace {

std::string name_of(unsigned number) { return id_of(number).str(); }

bool is_majority(server_bits some, std::size_t servers) {
  return 2 * static_cast<std::size_t>(std::popcount(some)) > servers;
}

/// What a server answers to a question for the values from `slot` on. Says what is wrong with it.
std::string ask(server_core core, const server_process& p, slot_num slot,
                std::vector<chosen>& told) try {
  core.on(learn_request{{}, slot});
  for (const auto& e : core.take().send)
    if (const auto* reply = std::get_if<learn_reply>(&e.body)) {
      if (reply->from_slot != slot)
        return "an answer begins at another slot than was asked for";
      for (std::size_t i = 0; i < reply->values.size(); ++i)
        told.push_back({slot + i, reply->values[i]});
    } else if (const auto* gone = std::get_if<collected>(&e.body)) {
      if (gone->snapshot_slot > p.snapshot || slot >= p.snapshot)
        return name_of(p.number) + " refers to a snapshot that it does not have";
    }
  return {};
} catch (const pmmc::search::broken_assertion& e) {
  return e.what();
}

} // namespace

// --- Facts --------------------------------------------------------------------------------------

const acceptor_state::vote* server_fact::vote(slot_num slot) const {
  const auto at = disk.votes.find(slot);
  return at == disk.votes.end() ? nullptr : &at->second;
}

bool server_fact::knows(slot_num slot) const {
  return slot < slot_out ||
         std::any_of(known.begin(), known.end(), [&](const chosen& c) { return c.slot == slot; });
}

const role_contents::attempt* server_fact::attempt(slot_num slot, proposal_number number) const {
  const auto at = std::find_if(attempts.begin(), attempts.end(),
                               [&](const auto& a) { return a.slot == slot && a.number == number; });
  return at == attempts.end() ? nullptr : &*at;
}

server_fact fact_of(const server_process& p) {
  server_fact fact;
  fact.number = p.number;
  fact.servers = role_contents::servers_of(p.core);
  fact.disk = p.disk;
  fact.snapshot = p.snapshot;
  fact.asked = p.asked;
  const auto& learner = role_contents::learner_of(p.core);
  fact.known_from = learner.first();
  fact.slot_out = learner.slot_out();
  for (slot_num slot = 1; slot < std::max(learner.end(), p.core.own_acceptor().end()); ++slot) {
    if (const auto* value = learner.find(slot); value != nullptr)
      fact.known.push_back({slot, *value});
    if (fact.broken.empty())
      fact.broken = ask(p.core, p, slot, fact.known);
  }
  fact.attempts = role_contents::attempts_of(p.core);
  fact.probes = role_contents::probe_round_of(p.core);
  return fact;
}

// --- What is remembered -------------------------------------------------------------------------

const command* history::chosen_in(slot_num slot) const {
  return slot <= slots.size() && slots[slot - 1].chosen ? &*slots[slot - 1].chosen : nullptr;
}

slot_num history::last_chosen() const {
  auto slot = slots.size();
  while (slot > 0 && !slots[slot - 1].chosen)
    --slot;
  return slot;
}

void put(byte_writer& out, const history& h) {
  out.put(h.slots.size());
  for (const auto& [chosen, open] : h.slots) {
    out.put(chosen);
    out.put(open.size());
    for (const auto& [number, value, acceptors] : open) {
      out.put(number);
      out.put(value);
      out.put_set(acceptors);
    }
  }
}

namespace {

std::string choose(history& h, slot_num slot, const command& value) {
  auto& chosen = h.slots[slot - 1].chosen;
  if (chosen && *chosen != value)
    return "R1: " + quoted(value) + " is chosen" + in_slot(slot) + ", and " + quoted(*chosen) +
           " was chosen before";
  for (slot_num other = 1; other <= h.slots.size(); ++other)
    if (const auto* same = h.chosen_in(other); other != slot && same != nullptr)
      if (*same == value && !value.is_noop())
        return "a command is chosen in two slots: " + quoted(value) + in_slot(other) + " and" +
               in_slot(slot);
  chosen = value;
  return {};
}

/// `acceptor` has accepted `what`.
std::string count(history& h, slot_num slot, const proposal& what, unsigned acceptor,
                  std::size_t servers) {
  if (slot > h.slots.size())
    h.slots.resize(slot);
  auto& [chosen, open] = h.slots[slot - 1];
  auto at = std::find_if(open.begin(), open.end(),
                         [&](const auto& known) { return known.number >= what.number; });
  if (at == open.end() || at->number != what.number)
    at = open.insert(at, {what.number, what.value, 0});
  if (at->value != what.value)
    return "L3: two values have number " + std::to_string(what.number.value) + in_slot(slot);
  at->acceptors |= server_bits{1} << acceptor;
  return is_majority(at->acceptors, servers) ? choose(h, slot, what.value) : std::string{};
}

} // namespace

pmmc::search::history_news take_in(history& h, const server_fact& now) {
  pmmc::search::history_news news;
  for (const auto& [slot, vote] : now.disk.votes) {
    if (!vote.highest)
      continue;
    const bool was_chosen = h.chosen_in(slot) != nullptr;
    news.fault = count(h, slot, *vote.highest, now.number, now.servers);
    if (!news.fault.empty())
      return news;
    if (!was_chosen && h.chosen_in(slot) != nullptr && news.decided_from == 0)
      news.decided_from = slot;
  }
  for (const auto& [slot, value] : now.known)
    if (const auto* chosen = h.chosen_in(slot); chosen == nullptr || *chosen != value)
      news.fault = name_of(now.number) + " takes " + quoted(value) + " for chosen" + in_slot(slot) +
                   ", which no majority has accepted";
  return news;
}

namespace {

bool may_accept(const server_fact& server, slot_num slot, proposal_number number) {
  const auto* vote = server.vote(slot);
  return slot >= server.disk.min && (vote == nullptr || vote->promised <= number);
}

} // namespace

std::uint32_t settled_proposals(const history& h, std::span<const server_fact* const> servers) {
  std::uint32_t settled = 0;
  std::uint32_t bit = 1;
  for (slot_num slot = 1; slot <= h.slots.size(); ++slot)
    for (const auto& p : h.slots[slot - 1].open) {
      auto possible = p.acceptors;
      for (const auto* s : servers)
        possible |= may_accept(*s, slot, p.number) ? server_bits{1} << s->number : 0;
      const auto* chosen = h.chosen_in(slot);
      if (!is_majority(possible, servers.size()) || (chosen != nullptr && *chosen == p.value))
        settled |= bit;
      bit <<= 1;
    }
  return settled;
}

void forget(history& h, std::uint32_t settled) {
  for (auto& slot : h.slots)
    std::erase_if(slot.open, [&](const auto&) {
      const bool is_settled = (settled & 1) != 0;
      settled >>= 1;
      return is_settled;
    });
}

// --- Of a step ----------------------------------------------------------------------------------

namespace {

/// What a message says of the disk of its sender.
struct broken_answer {
  const server_process& p;

  std::string operator()(const promise& m) const {
    const auto vote = p.disk.votes.find(m.slot);
    if (vote == p.disk.votes.end() || vote->second.promised < m.number)
      return name() + " makes a promise" + in_slot(m.slot) + " that is not durable";
    if (vote->second.highest != m.highest)
      return "P2c: " + name() + " tells" + in_slot(m.slot) +
             " of another proposal than the last one that it accepted";
    return {};
  }
  std::string operator()(const accepted& m) const {
    const auto vote = p.disk.votes.find(m.slot);
    const bool is_durable = vote != p.disk.votes.end() && vote->second.highest &&
                            vote->second.highest->number == m.number;
    return is_durable ? "" : name() + " tells of a vote" + in_slot(m.slot) + " that is not durable";
  }
  std::string operator()(const collected& m) const {
    return m.snapshot_slot <= p.snapshot ? ""
                                         : name() + " refers to a snapshot that it does not have";
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }

private:
  std::string name() const { return name_of(p.number); }
};

} // namespace

std::string broken_invariant(const server_process& before, const step_outcome& out) {
  const auto& after = out.after;
  for (const auto& [slot, was] : before.disk.votes) {
    if (slot < after.disk.min)
      continue;
    const auto is = after.disk.votes.find(slot);
    if (is == after.disk.votes.end() || is->second.promised < was.promised)
      return "P1a: " + name_of(before.number) + " forgets its promise" + in_slot(slot);
    const auto& highest = is->second.highest;
    if (was.highest && (!highest || highest->number < was.highest->number))
      return "P1a: " + name_of(before.number) + " forgets its vote" + in_slot(slot);
    if (highest && highest != was.highest && highest->number < was.promised)
      return "P1a: " + name_of(before.number) + " accepts less than it has promised" +
             in_slot(slot);
  }
  for (const auto& e : out.sent) {
    if (auto broken = std::visit(broken_answer{after}, e.body); !broken.empty())
      return broken;
    if (const auto* asked = std::get_if<prepare>(&e.body))
      if (const auto own = before.disk.votes.find(asked->slot);
          own != before.disk.votes.end() && own->second.promised >= asked->number)
        return "L3: " + name_of(before.number) + " may have used number " +
               std::to_string(asked->number.value) + in_slot(asked->slot) + " before";
  }
  return {};
}

// --- Of a state ---------------------------------------------------------------------------------

namespace {

bool was_proposed(std::span<const server_fact* const> servers, const command& value) {
  return value.is_noop() || std::any_of(servers.begin(), servers.end(), [&](const auto* s) {
           for (unsigned count = 1; count <= s->asked; ++count)
             if (command_of(s->number, count) == value)
               return true;
           return false;
         });
}

std::string broken_choice(std::span<const server_fact* const> servers, slot_num slot,
                          const command& value) {
  if (!was_proposed(servers, value))
    return quoted(value) + " is chosen" + in_slot(slot) + ", and nobody has proposed it";
  server_bits kept = 0;
  for (const auto* s : servers) {
    const auto* vote = s->vote(slot);
    if (slot < s->disk.min || (vote != nullptr && vote->highest && vote->highest->value == value))
      kept |= server_bits{1} << s->number;
  }
  if (!is_majority(kept, servers.size()))
    return quoted(value) + " was chosen" + in_slot(slot) +
           ", and no majority has it on its disks any more";
  return {};
}

} // namespace

bool has_number_of_another(std::span<const envelope* const> sent, const accept& what) {
  return std::any_of(sent.begin(), sent.end(), [&](const envelope* e) {
    const auto* other = std::get_if<accept>(&e->body);
    return other != nullptr && other->slot == what.slot && other->what.number == what.what.number &&
           other->what.value != what.what.value;
  });
}

std::string broken_invariant(std::span<const server_fact* const> servers, const history& h,
                             unsigned changed) {
  for (slot_num slot = 1; slot <= h.slots.size(); ++slot)
    if (const auto* value = h.chosen_in(slot); value != nullptr)
      if (auto broken = broken_choice(servers, slot, *value); !broken.empty())
        return broken;
  const auto& now = *servers[changed];
  for (const auto* s : servers) {
    if (now.disk.min > s->snapshot)
      return "G1: " + name_of(changed) + " has forgotten slots that are in no snapshot of " +
             name_of(s->number);
    if (now.known_from > now.snapshot && now.known_from > s->snapshot)
      return "G1: " + name_of(changed) + " can no longer tell " + name_of(s->number) +
             " what it needs";
  }
  return {};
}

} // namespace pmmc::simple::search
