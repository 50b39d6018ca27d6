#include "search/checks.hpp"

#include "search/role_names.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace pmmc::search {

namespace {

using kind = message_fact::kind;

std::uint64_t hash_of(const command& c) { return std::hash<std::string_view>{}(c.bytes()); }

value_fact fact_of(const pvalue& p) { return {p.slot, rank(p.ballot), hash_of(p.value)}; }

struct fact_writer {
  message_fact& f;

  void operator()(const p1a& m) const {
    f.what = kind::p1a;
    f.leader = number_of(m.leader);
    f.version = m.version;
    f.asked = rank(m.ballot);
    f.seqnum = m.ballot.seqnum;
    f.from_slot = m.from_slot;
  }
  void operator()(const p1b& m) const {
    f.what = kind::p1b;
    f.acceptor = number_of(m.acceptor);
    f.version = m.version;
    f.asked = rank(m.asked);
    f.ballot = rank(m.ballot);
    f.from_slot = m.from_slot;
    f.next_slot = m.next_slot;
    f.watermark = m.watermark;
    for (const auto& p : m.accepted)
      f.accepted.push_back(fact_of(p));
  }
  void operator()(const p2a& m) const {
    f.what = kind::p2a;
    f.leader = number_of(m.leader);
    f.version = m.version;
    f.asked = rank(m.value.ballot);
    f.slot = m.value.slot;
    f.value = hash_of(m.value.value);
  }
  void operator()(const p2b& m) const {
    f.what = kind::p2b;
    f.acceptor = number_of(m.acceptor);
    f.version = m.version;
    f.asked = rank(m.asked);
    f.ballot = rank(m.ballot);
    f.slot = m.slot;
    f.watermark = m.watermark;
  }
  void operator()(const decision& m) const {
    f.what = kind::decision;
    f.version = m.version;
    f.slot = m.slot;
    f.value = hash_of(m.value);
  }
  void operator()(const ping& m) const {
    f.what = kind::announcement;
    f.watermark = watermark_of(m.state);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

bool is_vote(const message_fact& f) {
  return f.what == kind::p2b && f.asked == f.ballot && f.slot >= f.watermark;
}

/// All that is known of one (version, slot, ballot).
struct round {
  config_version version = 0;
  slot_num slot = 0;
  ballot_rank ballot = 0;
  bool proposed = false;
  std::uint64_t value = 0;
  std::uint32_t votes = 0;
  bool chosen = false;
};

round& find_round(std::vector<round>& rounds, config_version version, slot_num slot,
                  ballot_rank ballot) {
  for (auto& r : rounds)
    if (r.version == version && r.slot == slot && r.ballot == ballot)
      return r;
  return rounds.emplace_back(round{.version = version, .slot = slot, .ballot = ballot});
}

std::string at(const char* text, const round& r) {
  return std::string{text} + " (slot " + std::to_string(r.slot) + ", ballot " +
         std::to_string(r.ballot / 16 - 1) + ".l" + std::to_string(r.ballot % 16 + 1) + ")";
}

const value_fact* find_slot(const std::vector<value_fact>& accepted, slot_num slot) {
  for (const auto& v : accepted)
    if (v.slot == slot)
      return &v;
  return nullptr;
}

const acceptor_fact::version_fact* find_version(const acceptor_fact& a, config_version version) {
  for (const auto& v : a.versions)
    if (v.version == version)
      return &v;
  return nullptr;
}

/// C1 and what was voted for.
const char* collect_rounds(const state_facts& state, const version_table& members,
                           std::vector<round>& rounds) {
  for (const auto* f : state.sent) {
    if (f->what == kind::p2a) {
      auto& r = find_round(rounds, f->version, f->slot, f->asked);
      if (r.proposed && r.value != f->value)
        return "C1: two values were proposed at one ballot for one slot";
      if (members.governing(f->slot, state.sent) != f->version)
        return "F2: a value was proposed under a configuration that does not govern its slot";
      r.proposed = true;
      r.value = f->value;
    } else if (is_vote(*f)) {
      find_round(rounds, f->version, f->slot, f->asked).votes |= 1U << f->acceptor;
    }
  }
  for (auto& r : rounds) {
    const auto all = members.members(r.version);
    r.chosen = 2 * std::popcount(r.votes & all) > std::popcount(all);
    if (r.votes != 0 && !r.proposed)
      return "A4: a vote for what nobody proposed";
  }
  return nullptr;
}

/// A5: what is chosen at a ballot is what every higher ballot proposes.
std::string check_chosen(const std::vector<round>& rounds) {
  for (const auto& chosen : rounds)
    if (chosen.chosen)
      for (const auto& other : rounds)
        if (other.slot == chosen.slot && other.proposed && other.value != chosen.value &&
            (other.ballot > chosen.ballot || other.chosen))
          return at("A5: another value is proposed although one is chosen", other);
  return {};
}

/// R1 and L4.
std::string check_decisions(const state_facts& state, const std::vector<round>& rounds) {
  for (const auto* f : state.sent) {
    if (f->what != kind::decision)
      continue;
    for (const auto* other : state.sent)
      if (other->what == kind::decision && other->slot == f->slot && other->value != f->value)
        return "R1: two decisions for slot " + std::to_string(f->slot);
    const bool is_chosen = std::any_of(rounds.begin(), rounds.end(), [&](const round& r) {
      return r.chosen && r.slot == f->slot && r.version == f->version && r.value == f->value;
    });
    if (!is_chosen)
      return "L4: slot " + std::to_string(f->slot) +
             " was decided without the votes of a majority of distinct acceptors";
  }
  return {};
}

/// C2: a majority has answered phase 1 of the ballot in such a way that the proposal is allowed.
/// Answers that hold the ballot's own votes are later than the proposal and justify nothing.
bool is_justified(const round& r, const std::vector<const message_fact*>& sent,
                  const version_table& members) {
  const auto all = members.members(r.version);
  const auto agrees_up_to = [&](ballot_rank highest) {
    std::uint32_t agreeing = 0;
    bool found = highest == 0;
    for (const auto* f : sent) {
      if (f->what != kind::p1b || f->version != r.version || f->asked != r.ballot ||
          f->ballot != r.ballot || f->watermark > r.slot || f->from_slot > r.slot ||
          (f->next_slot != 0 && f->next_slot <= r.slot))
        continue;
      const auto* held = find_slot(f->accepted, r.slot);
      if (held != nullptr && held->ballot > highest)
        continue;
      found |= held != nullptr && held->ballot == highest && held->value == r.value;
      agreeing |= 1U << f->acceptor;
    }
    return found && 2 * std::popcount(agreeing & all) > std::popcount(all);
  };
  if (agrees_up_to(0))
    return true;
  for (const auto* f : sent)
    if (f->what == kind::p1b && f->version == r.version && f->asked == r.ballot)
      for (const auto& v : f->accepted)
        if (v.slot == r.slot && v.ballot < r.ballot && agrees_up_to(v.ballot))
          return true;
  return false;
}

/// D1 and D2: an acceptor durably holds at least what it has told.
std::string check_durable(const acceptor_fact& a, const state_facts& state) {
  const auto name = id_of(role_kind::acceptor, a.number).str();
  for (const auto* f : state.sent) {
    if ((f->what != kind::p1b && f->what != kind::p2b) || f->acceptor != a.number)
      continue;
    const auto* votes = find_version(a, f->version);
    if ((votes == nullptr ? 0 : votes->promised) < f->ballot)
      return "D1, A1: " + name + " has promised more than it durably holds";
    if (f->watermark > a.watermark)
      return "D1, A3: " + name + " has announced a watermark that it does not durably hold";
    if (!is_vote(*f) || f->slot < a.watermark)
      continue;
    const auto* held = find_slot(votes->accepted, f->slot);
    if (held == nullptr || held->ballot < f->asked)
      return "D2, A3: " + name + " has voted for what it does not durably hold";
  }
  return {};
}

/// G1 as far as it can be seen here: nobody drops what has not been announced as durable.
std::string check_watermark(const acceptor_fact& a, const state_facts& state) {
  slot_num announced = 1;
  for (const auto* f : state.sent)
    if (f->what == kind::announcement)
      announced = std::max(announced, f->watermark);
  if (a.watermark > announced)
    return "A3: a" + std::to_string(a.number + 1) + " dropped slots that it was not told to drop";
  return {};
}

std::string check_leader(const leader_fact& l, const state_facts& state) {
  for (const auto* f : state.sent)
    if (f->what == kind::p1a && f->leader == l.number && f->seqnum >= l.durable_seqnum)
      return "L3: l" + std::to_string(l.number + 1) +
             " uses a ballot that it may use again after a restart";
  return {};
}

} // namespace

ballot_rank rank(const ballot_num& b) {
  return b.is_bottom() ? 0 : static_cast<ballot_rank>((b.seqnum + 1) * 16 + number_of(b.leader));
}

message_fact fact_of(const envelope& e) {
  message_fact f;
  std::visit(fact_writer{f}, e.body);
  return f;
}

acceptor_fact fact_of(unsigned number, const acceptor_state& durable) {
  acceptor_fact a{number, durable.watermark, {}};
  for (const auto& [version, votes] : durable.by_version) {
    acceptor_fact::version_fact v{version, rank(votes.ballot), {}};
    for (const auto& [slot, held] : votes.accepted)
      v.accepted.push_back(fact_of(held));
    a.versions.push_back(std::move(v));
  }
  return a;
}

std::uint32_t version_table::members(config_version version) const {
  for (const auto& v : versions)
    if (v.version == version)
      return v.acceptors;
  return 0;
}

config_version version_table::governing(slot_num slot,
                                        const std::vector<const message_fact*>& sent) const {
  config_version found = 0;
  for (const auto& v : versions) {
    const bool is_there =
        v.decided_in == 0 || std::any_of(sent.begin(), sent.end(), [&](const message_fact* f) {
          return f->what == kind::decision && f->slot == v.decided_in && f->value == v.decided_as;
        });
    if (!is_there || v.first_slot > slot)
      break; // a version replaces the one before it, or none
    found = v.version;
  }
  return found;
}

version_table version_table::of(const std::vector<configuration>& configs,
                                const std::vector<command>& changes) {
  version_table all;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const auto& config = configs[i];
    version_members v{config.version, config.first_slot};
    if (i > 0 && i <= changes.size()) {
      v.decided_in = i;
      v.decided_as = hash_of(changes[i - 1]);
    }
    for (const auto& a : config.acceptors)
      v.acceptors |= 1U << number_of(a.id);
    all.versions.push_back(v);
  }
  return all;
}

std::string broken_invariant(const state_facts& state, const version_table& members) {
  thread_local std::vector<round>
      rounds; // one of each (version, slot, ballot); kept for its memory
  rounds.clear();
  if (const auto* wrong = collect_rounds(state, members, rounds))
    return wrong;
  if (auto wrong = check_chosen(rounds); !wrong.empty())
    return wrong;
  if (auto wrong = check_decisions(state, rounds); !wrong.empty())
    return wrong;
  for (const auto* a : state.acceptors) {
    if (auto wrong = check_durable(*a, state); !wrong.empty())
      return wrong;
    if (auto wrong = check_watermark(*a, state); !wrong.empty())
      return wrong;
  }
  for (const auto* l : state.leaders)
    if (auto wrong = check_leader(*l, state); !wrong.empty())
      return wrong;
  return {};
}

std::string broken_invariant(const acceptor_fact& before, const acceptor_fact& after,
                             const std::vector<message_fact>& sent) {
  const auto promised = [](const acceptor_fact& a, config_version version) {
    const auto* v = find_version(a, version);
    return v == nullptr ? 0 : v->promised;
  };
  for (const auto& v : before.versions) {
    if (promised(after, v.version) < v.promised)
      return "A1: an acceptor went back below its promise";
    const auto* later = find_version(after, v.version);
    for (const auto& held : v.accepted) {
      const auto* now = later == nullptr ? nullptr : find_slot(later->accepted, held.slot);
      if (now == nullptr && held.slot >= after.watermark)
        return "A3: an acceptor dropped a pvalue above the watermark";
      if (now != nullptr && now->ballot == held.ballot && now->value != held.value)
        return "A4: an acceptor changed a pvalue under its ballot";
      if (now != nullptr && now->ballot < held.ballot)
        return "A2: an acceptor replaced a pvalue by one of a lower ballot";
    }
  }
  for (const auto& v : after.versions) {
    const auto* earlier = find_version(before, v.version);
    for (const auto& held : v.accepted) {
      const auto* old = earlier == nullptr ? nullptr : find_slot(earlier->accepted, held.slot);
      const bool is_new = old == nullptr || old->ballot != held.ballot;
      if (is_new && held.ballot < promised(before, v.version))
        return "A2: an acceptor accepted below its promise";
    }
  }
  for (const auto& f : sent)
    if (is_vote(f) && f.asked < promised(before, f.version))
      return "A2: an acceptor voted below its promise";
  return {};
}

std::string broken_invariant_of_proposal(const std::vector<const message_fact*>& sent_before,
                                         const message_fact& p2a, const version_table& members) {
  const round r{.version = p2a.version,
                .slot = p2a.slot,
                .ballot = p2a.asked,
                .proposed = true,
                .value = p2a.value};
  if (is_justified(r, sent_before, members))
    return {};
  return at("C2: a proposal ignores what a majority of acceptors hold", r);
}

std::string broken_invariant_of_run(const std::vector<const message_fact*>& sent_before,
                                    const message_fact& first_p1a) {
  for (const auto* f : sent_before)
    if ((f->what == kind::p1a || f->what == kind::p2a) && f->asked == first_p1a.asked)
      return "L3: a leader ran for office with a ballot that had been used";
  return {};
}

} // namespace pmmc::search
