// D2, durable votes: what a Raft server has on its disk, by the checker's own rules.
#pragma once

#include "consensus/raft/persistent_state.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace pmmc::sim {

/// A copy of one server's disk, written from the records alone.
class raft_disk {
public:
  explicit raft_disk(std::shared_ptr<const raft::server_set> founders)
      : base_members_(std::move(founders)) {}

  /// `r` is durable now. Throws violation if no server may write it.
  void write(const raft::record& r);
  /// Whether `state` is what is durable.
  bool holds(const raft::persistent_state& state) const;

  raft::term_num term() const { return term_; }
  const role_id& voted_for() const { return voted_for_; }
  /// Whom it has ever voted for in `term`; empty: nobody. What was durable once counts.
  role_id vote_in(raft::term_num term) const;
  const raft::position& base() const { return base_; }
  raft::position last() const;
  /// 0 if there is no such entry.
  raft::term_num term_at(slot_num index) const;
  /// How far its log went at the most while it was in `term`.
  slot_num most_in(raft::term_num term) const;

private:
  void put(const raft::term_record& r);
  void put(const raft::append_record& r);
  void put(const raft::truncate_record& r);
  void put(const raft::base_record& r);
  void note_length();

  raft::term_num term_ = 0;
  role_id voted_for_;
  raft::position base_;
  std::shared_ptr<const raft::server_set> base_members_;
  std::vector<raft::entry> entries_; ///< behind base_
  std::map<raft::term_num, role_id> votes_;
  std::map<raft::term_num, slot_num> most_in_;
};

} // namespace pmmc::sim
