// Reads that need no entry in the log (ReadIndex; thesis, section 6.4): the leader shows, by a
// round of heartbeats, that it still is one.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace pmmc::raft {

/// Who waits at the leader for a round, and the round that is under way. One serves all that asked
/// before it began. Each server has one question at a time: a later one replaces it. Not
/// thread-safe.
class read_index_rounds {
public:
  /// By server: the number of its question.
  using questions = std::map<role_id, std::uint64_t>;
  struct round {
    std::uint64_t number = 0; ///< of the heartbeats
    slot_num index = 0;       ///< what was committed when it began
    questions asked;
  };

  void ask(const role_id& server, std::uint64_t number) { waiting_[server] = number; }
  bool may_begin() const { return !waiting_.empty() && !under_way_; }
  /// Precondition: may_begin().
  void begin(std::uint64_t number, slot_num index);
  const std::optional<round>& under_way() const { return under_way_; }
  /// A majority has answered heartbeats of this round or a later one: it is over.
  round end();
  /// Out of office.
  void clear();

private:
  friend struct role_contents; // search/raft/contents.cpp

  questions waiting_;
  std::optional<round> under_way_;
};

} // namespace pmmc::raft
