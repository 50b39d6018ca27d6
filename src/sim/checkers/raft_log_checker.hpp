// Log Matching, State Machine Safety, and what section 6 says of changes of the servers: which
// entries there are, and which of them are committed, from what is durable anywhere.
#pragma once

#include "consensus/raft/entry.hpp"
#include "sim/checkers/chosen_slots.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// Servers are known by numbers. An entry is committed as soon as it, or a later one, of the term
/// in which it is counted, is on the disks of a majority of each set that votes: whatever anybody
/// knows of it. Written from the paper (5.3, 5.4.2, 6), not from the code.
class raft_log_checker final : public chosen_slots {
public:
  raft_log_checker(std::function<std::size_t(const role_id&)> number_of, raft::server_set first);

  /// `what` stands at `index`, behind an entry of term `before`, somewhere.
  void seen(slot_num index, raft::term_num before, const raft::entry& what);
  bool knows(const raft::position& p) const { return p.index == 0 || entries_.contains(key(p)); }
  /// A server in term `p.term` has an entry of that term there, durably. Returns whether more is
  /// committed now.
  bool stored(std::size_t server, const raft::position& p);
  /// Likewise of what the leader of `term` has appended: others may vote since.
  bool count_votes(raft::term_num term);

  /// Everything up to here is committed.
  slot_num committed() const { return committed_.size(); }
  /// As far as that is so before the leader of `term` has committed anything: later leaders may
  /// have been faster than the votes for it.
  slot_num committed_before(raft::term_num term) const;
  /// Precondition: 1 <= index <= committed().
  const raft::position& committed_at(slot_num index) const { return committed_[index - 1]; }
  bool is_committed(const raft::position& p) const {
    return p.index == 0 || (p.index <= committed() && committed_at(p.index) == p);
  }

  /// Who votes for whoever has a log that ends there. Precondition: knows(p).
  const raft::server_set& voters_at(const raft::position& p) const { return *effect_at(p).voters; }
  /// Whether so many of the servers are enough there.
  bool is_majority(const raft::server_set& of,
                   const std::function<bool(std::size_t server)>& counts) const;
  /// What has been seen of changes of the servers.
  struct changes {
    std::uint64_t begun = 0;
    std::uint64_t finished = 0; ///< C-new is committed
  };
  const changes& seen_changes() const { return changes_; }

  bool is_chosen(slot_num slot) const override { return slot >= 1 && slot <= committed(); }
  const command& chosen(slot_num slot) const override {
    return entries_.at(key(committed_at(slot))).what.value;
  }
  std::optional<voting_servers> change_in(slot_num slot) const override;
  std::uint64_t count() const override { return committed(); }

private:
  /// The set of servers that is the latest one in a log, and where it stands.
  struct effect {
    raft::position at;
    std::shared_ptr<const raft::server_set> voters;
  };
  struct logged {
    raft::term_num before = 0;
    raft::entry what;
    effect latest;
  };
  /// Of a term's leader.
  struct own_entries {
    slot_num first = 0;
    slot_num last = 0;
    std::map<std::size_t, slot_num> stored; ///< by server
  };
  using position_key = std::pair<slot_num, raft::term_num>;

  static position_key key(const raft::position& p) { return {p.index, p.term}; }
  const effect& effect_at(const raft::position& p) const;
  void check_change(const raft::position& at, const effect& before,
                    const raft::server_set& next) const;
  slot_num stored_by_majority(const own_entries& of, const raft::server_set& voters) const;
  void commit(const raft::position& last);

  std::function<std::size_t(const role_id&)> number_of_;
  effect founders_;
  std::map<position_key, logged> entries_;
  std::map<raft::term_num, own_entries> by_term_;
  std::vector<raft::position> committed_;    ///< from index 1 on
  std::vector<raft::term_num> committed_in_; ///< likewise: the term that is counted
  changes changes_;
};

std::string text_of(const raft::position& p);

} // namespace pmmc::sim
