#include "search/raft/checks.hpp"

#include "search/raft/contents.hpp"

#include <algorithm>
#include <bit>
#include <xxhash.h>

namespace pmmc::raft::search {

namespace {

std::string name_of(unsigned number) { return id_of(number).str(); }

std::string text_of(slot_num index, term_num term) {
  return std::to_string(index) + " of term " + std::to_string(term);
}

log_fact fact_of(const raft::log& log) {
  log_fact fact;
  fact.base = log.base();
  for (auto i = log.first(); i <= log.last().index; ++i) {
    std::string bytes;
    byte_writer{bytes, no_renaming}.put(log.at(i));
    fact.items.push_back({log.at(i).term, XXH3_64bits(bytes.data(), bytes.size())});
  }
  return fact;
}

bool follows(const server_set& before, const server_set& after) {
  if (after.is_joint())
    return !before.is_joint() && after.outgoing == before.servers &&
           after.version == before.version + 1;
  return before.is_joint() && after.servers == before.servers && after.version == before.version;
}

/// C-old, C-all, C-new, and never two of them side by side in another order.
std::string broken_members(const raft::log& log) {
  auto before = log.base_members();
  for (auto i = log.first(); i <= log.last().index; ++i)
    if (const auto& set = log.at(i).members) {
      if (!follows(*before, *set))
        return "entry " + text_of(i, log.at(i).term) +
               " changes the servers otherwise than from C-old to C-all to C-new";
      before = set;
    }
  return {};
}

} // namespace

bool log_fact::may_hold(slot_num index, term_num term) const {
  return index <= base.index || (index <= last() && at(index).term == term);
}

server_fact fact_of(const server_process& p) {
  server_fact fact;
  const auto& core = p.core;
  fact.number = p.number;
  fact.state = core.current_state();
  fact.term = core.term();
  fact.commit = core.commit();
  fact.log = fact_of(core.log());
  fact.voters = bits_of(core.members().servers);
  fact.outgoing = bits_of(core.members().outgoing);
  fact.broken = broken_members(core.log());
  fact.disk_term = p.disk.term;
  fact.disk_has_voted = !p.disk.voted_for.empty();
  fact.disk_log = fact_of(p.disk.log);
  for (term_num term = 1; term <= most_terms; ++term)
    if (term > p.disk.term || (term == fact.term && fact.state == consensus::state::candidate))
      fact.may_lead |= 1U << term;
  for (const auto& w : p.writing)
    fact.to_write += static_cast<unsigned>(w.records.size());
  for (const auto& [id, follower] : core.followers()) {
    fact.match[number_of(id)] = follower.match();
    fact.round[number_of(id)] = follower.round();
  }
  return fact;
}

void put(byte_writer& out, const history& h) {
  out.put(h.committed.size());
  for (const auto& [term, committed_in] : h.committed) {
    out.put(term);
    out.put(committed_in);
  }
  for (const auto leader : h.leaders)
    if (leader == 0)
      out.put(std::uint64_t{0});
    else
      out.put(id_of(leader - 1U));
}

namespace {

/// State Machine Safety.
std::string take_in_commits(history& h, const server_fact& now) {
  const auto name = name_of(now.number);
  if (now.commit > now.log.last())
    return name + " has committed what is not in its log";
  if (now.log.base.index > std::min<slot_num>(now.commit, h.committed.size()))
    return name + " has forgotten what is not committed";
  for (auto i = now.log.base.index; i <= now.commit; ++i) {
    if (i == 0)
      continue;
    const auto term = i == now.log.base.index ? now.log.base.term : now.log.at(i).term;
    if (i > h.committed.size())
      h.committed.push_back({term, now.term});
    else if (h.committed[i - 1].term != term)
      return "State Machine Safety: " + name + " commits " + text_of(i, term) + ", and " +
             text_of(i, h.committed[i - 1].term) + " was committed before";
  }
  return {};
}

/// Election Safety and Leader Completeness.
std::string take_in_leader(history& h, const server_fact& now) {
  if (now.state != consensus::state::leader)
    return {};
  const auto name = name_of(now.number);
  auto& leader = h.leaders.at(now.term);
  if (leader != 0 && leader != now.number + 1)
    return "Election Safety: " + name + " and " + name_of(leader - 1U) + " lead term " +
           std::to_string(now.term);
  leader = static_cast<std::uint8_t>(now.number + 1);
  for (slot_num i = 1; i <= h.committed.size(); ++i) {
    const auto& c = h.committed[i - 1];
    if (c.committed_in < now.term && !now.log.may_hold(i, c.term))
      return "Leader Completeness: " + name + " leads term " + std::to_string(now.term) +
             " and lacks " + text_of(i, c.term) + ", committed in term " +
             std::to_string(c.committed_in);
  }
  return {};
}

} // namespace

pmmc::search::history_news take_in(history& h, const server_fact& now) {
  const auto known = h.committed.size();
  pmmc::search::history_news news{take_in_commits(h, now)};
  if (news.fault.empty())
    news.fault = take_in_leader(h, now);
  if (h.committed.size() > known)
    news.decided_from = known + 1;
  return news;
}

void forget_leaders(history& h, std::uint32_t may_be_led) {
  for (std::size_t term = 0; term < h.leaders.size(); ++term)
    if ((may_be_led >> term & 1U) == 0)
      h.leaders[term] = 0;
}

namespace {

std::string broken_matching(const server_fact& a, const server_fact& b) {
  bool must_match = false;
  const auto begin = std::max(a.log.base.index, b.log.base.index);
  for (auto i = std::min(a.log.last(), b.log.last()); i > begin; --i) {
    const auto& one = a.log.at(i);
    const auto& other = b.log.at(i);
    must_match |= one.term == other.term;
    if (must_match && one != other)
      return "Log Matching: " + name_of(a.number) + " and " + name_of(b.number) +
             " agree further on, and differ in entry " + std::to_string(i);
  }
  return {};
}

} // namespace

std::string broken_invariant(std::span<const server_fact* const> servers, unsigned changed) {
  for (const auto* other : servers)
    if (other->number != changed)
      if (auto broken = broken_matching(*servers[changed], *other); !broken.empty())
        return broken;
  return {};
}

std::string broken_durability(std::span<const server_fact* const> servers, const history& h,
                              const server_fact& by, slot_num from) {
  for (auto i = from; i <= h.committed.size(); ++i) {
    server_bits kept = 0;
    for (const auto* s : servers)
      if (s->disk_log.may_hold(i, h.committed[i - 1].term))
        kept |= server_bits{1} << s->number;
    for (const auto set : {by.voters, by.outgoing})
      if (2 * std::popcount(kept & set) <= std::popcount(set) && set != 0)
        return name_of(by.number) + " commits " + text_of(i, h.committed[i - 1].term) +
               ", which no majority of " + (set == by.outgoing ? "C-old" : "those that decide") +
               " has on its disks";
  }
  return {};
}

std::string broken_invariant(const server_process& before, const server_process& after) {
  const auto& was = before.core;
  const auto& is = after.core;
  if (!is.is_leader())
    return {};
  if (was.is_leader() && was.term() == is.term())
    for (auto i = is.log().first(); i <= was.log().last().index; ++i)
      if (i >= was.log().first() && (!is.log().has(i) || !(is.log().at(i) == was.log().at(i))))
        return "Leader Append-Only: " + name_of(before.number) + " lost entry " +
               std::to_string(i) + " of its log";
  for (auto i = std::max(is.log().first(), was.log().last().index + 1); i <= is.log().last().index;
       ++i) {
    const auto& set = is.log().at(i).members;
    if (!set || is.log().at(i).term != is.term())
      continue;
    if (set->is_joint() && is.log().term_at(is.commit()) != is.term())
      return name_of(before.number) + " changes the servers before it has committed an entry of "
                                      "its term";
    if (!set->is_joint() && is.log().members_at(i - 1)->is_joint())
      for (auto all = i - 1; all > is.commit(); --all)
        if (is.log().at(all).members)
          return name_of(before.number) + " goes on to C-new before C-all is committed";
  }
  return {};
}

} // namespace pmmc::raft::search
