// A change of the set of servers before it is in the log: newcomers catch up first, without a vote
// (Raft paper, section 6; thesis, section 4.2.1).
#pragma once

#include "consensus/raft/entry.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace pmmc::raft {

/// What the leader was asked for. It copies its log to the newcomers in rounds; each ends when they
/// have what the log had at its beginning. A round that took no longer than an election timeout is
/// the last one: they will not hold up what follows. There is an end to that: of each newcomer that
/// comes no further, and of rounds that all take too long. Not thread-safe.
class server_change {
public:
  /// `next`: joint. `value`: the command that asked for it, which goes into the same entry.
  server_change(server_set next, command value, slot_num log_end, std::uint64_t tick);

  /// Servers of C-new that are not in C-old.
  const std::vector<member>& newcomers() const { return newcomers_; }
  bool has_newcomer(const role_id& id) const;
  /// The newcomers have all entries up to `match`, where the log ends at `log_end`. Returns whether
  /// C-all may go into the log now.
  bool caught_up_to(slot_num match, slot_num log_end, std::uint64_t tick, unsigned election_ticks);
  /// So many rounds took too long that the next one would, too.
  bool has_tried_for_long() const { return slow_rounds_ >= most_slow_rounds; }
  /// A newcomer has all entries up to `match`. Returns whether that, or another piece of a snapshot
  /// that it has asked for, is news of the last `patience_ticks`.
  bool comes_further(const role_id& newcomer, slot_num match, std::uint64_t tick,
                     unsigned patience_ticks);
  void asked_for_piece(const role_id& newcomer, slot_num snapshot, std::uint64_t offset,
                       std::uint64_t tick);
  /// The entry that begins the change, in `term`.
  entry joint_entry(term_num term) const { return {term, value_, next_}; }

private:
  friend struct role_contents; // search/raft/contents.cpp

  static constexpr unsigned most_slow_rounds = 10; ///< as the thesis suggests

  struct news {
    slot_num match = 0;
    slot_num snapshot = 0; ///< the piece that it asked for last
    std::uint64_t offset = 0;
    std::uint64_t tick = 0;
  };

  std::shared_ptr<const server_set> next_;
  command value_;
  std::vector<member> newcomers_;
  slot_num goal_;
  std::uint64_t round_began_;
  unsigned slow_rounds_ = 0;
  std::map<role_id, news> news_; ///< of each newcomer
};

} // namespace pmmc::raft
