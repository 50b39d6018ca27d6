#include "sim/checkers/raft_log_checker.hpp"

#include "sim/checkers/violation.hpp"

#include <algorithm>
#include <functional>

namespace pmmc::sim {

std::string text_of(const raft::position& p) {
  return "index " + std::to_string(p.index) + " of term " + std::to_string(p.term);
}

raft_log_checker::raft_log_checker(std::function<std::size_t(const role_id&)> number_of,
                                   raft::server_set first)
    : number_of_(std::move(number_of)), founders_{{},
                                                  std::make_shared<const raft::server_set>(
                                                      std::move(first))} {}

const raft_log_checker::effect& raft_log_checker::effect_at(const raft::position& p) const {
  return p.index == 0 ? founders_ : entries_.at(key(p)).latest;
}

/// Two entries with the same index and term are the same, and so are all before them.
void raft_log_checker::seen(slot_num index, raft::term_num before, const raft::entry& what) {
  const raft::position at{index, what.term};
  const raft::position behind{index - 1, before};
  if (const auto known = entries_.find(key(at)); known != entries_.end()) {
    demand(known->second.before == before && known->second.what == what, [&] {
      return "Log Matching: there are two entries, or two behind different ones, at " + text_of(at);
    });
    return;
  }
  demand(knows(behind), [&] {
    return "Log Matching: an entry at " + text_of(at) + " stands behind one that nobody had, at " +
           text_of(behind);
  });
  auto latest = effect_at(behind);
  if (what.members) {
    check_change(at, latest, *what.members);
    latest = {at, what.members};
    changes_.begun += what.members->is_joint();
  }
  entries_.emplace(key(at), logged{before, what, std::move(latest)});
  auto& own = by_term_[what.term];
  own.first = own.first == 0 ? index : std::min(own.first, index);
  own.last = std::max(own.last, index);
}

/// Section 6, and the flaw of changes by new leaders: C-old → C-all → C-new, each when the one
/// before is committed, and an entry of the leader's own term is.
void raft_log_checker::check_change(const raft::position& at, const effect& before,
                                    const raft::server_set& next) const {
  const auto broken = [&](const std::string& what) {
    return "Configurations: the entry at " + text_of(at) + " " + what;
  };
  demand(is_committed(before.at), [&] {
    return broken("changes the servers, and those at " + text_of(before.at) + " are not committed");
  });
  const auto& now = *before.voters;
  if (!next.is_joint()) {
    demand(now.is_joint() && next.version == now.version && next.servers == now.servers,
           [&] { return broken("is a C-new without its C-all"); });
    return;
  }
  demand(!now.is_joint() && next.outgoing == now.servers && next.version == now.version + 1,
         [&] { return broken("is a C-all of other servers than those of C-old"); });
  const auto own = by_term_.find(at.term);
  demand(own != by_term_.end() && is_committed({own->second.first, at.term}),
         [&] { return broken("changes the servers before one of its term is committed"); });
}

bool raft_log_checker::is_majority(const raft::server_set& of,
                                   const std::function<bool(std::size_t)>& counts) const {
  const auto enough = [&](const std::vector<member>& set) {
    const auto number = std::count_if(set.begin(), set.end(),
                                      [&](const member& m) { return counts(number_of_(m.id)); });
    return static_cast<std::size_t>(number) * 2 > set.size();
  };
  return enough(of.servers) && (of.outgoing.empty() || enough(of.outgoing));
}

/// The last index that so many have.
slot_num raft_log_checker::stored_by_majority(const own_entries& of,
                                              const raft::server_set& voters) const {
  const auto least = [&](const std::vector<member>& set) {
    std::vector<slot_num> all;
    for (const auto& m : set) {
      const auto has = of.stored.find(number_of_(m.id));
      all.push_back(has == of.stored.end() ? 0 : has->second);
    }
    std::sort(all.begin(), all.end(), std::greater<>{});
    return all[all.size() / 2];
  };
  const auto of_new = least(voters.servers);
  return voters.outgoing.empty() ? of_new : std::min(of_new, least(voters.outgoing));
}

/// Counted by each set of servers for what stands before the next one in the log. A later set
/// counts for what stands before it, too: it is there only if the one before it was committed, or
/// needs that one's majority as well.
bool raft_log_checker::stored(std::size_t server, const raft::position& p) {
  auto& own = by_term_[p.term];
  auto& stored = own.stored[server];
  stored = std::max(stored, p.index);
  return count_votes(p.term);
}

bool raft_log_checker::count_votes(raft::term_num term) {
  const auto& own = by_term_[term];
  slot_num most = 0;
  raft::position end{own.last, term};
  while (end.index > committed()) {
    const auto& counting = effect_at(end);
    most = std::max(most, std::min(stored_by_majority(own, *counting.voters), end.index));
    if (counting.at.index <= committed() || counting.at.index == 0)
      break;
    end = {counting.at.index - 1, entries_.at(key(counting.at)).before};
  }
  if (most < own.first || most <= committed())
    return false;
  commit({most, term});
  return true;
}

void raft_log_checker::commit(const raft::position& last) {
  std::vector<raft::position> fresh;
  auto p = last;
  for (; p.index > committed(); p = {p.index - 1, entries_.at(key(p)).before})
    fresh.push_back(p);
  demand(is_committed(p), [&] {
    return "State Machine Safety: " + text_of(last) + " is committed behind " + text_of(p) +
           ", and " + text_of(committed_at(p.index)) + " was";
  });
  for (auto it = fresh.rbegin(); it != fresh.rend(); ++it) {
    const auto& members = entries_.at(key(*it)).what.members;
    changes_.finished += members != nullptr && !members->is_joint();
    committed_.push_back(*it);
    committed_in_.push_back(last.term);
  }
}

slot_num raft_log_checker::committed_before(raft::term_num term) const {
  auto index = committed();
  while (index > 0 && committed_in_[index - 1] >= term)
    --index;
  return index;
}

std::optional<voting_servers> raft_log_checker::change_in(slot_num slot) const {
  const auto& members = entries_.at(key(committed_at(slot))).what.members;
  if (members == nullptr || !members->is_joint())
    return std::nullopt;
  return voting_servers{members->version, members->servers};
}

} // namespace pmmc::sim
