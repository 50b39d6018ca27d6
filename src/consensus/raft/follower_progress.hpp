// How far a leader has come with one other server: nextIndex and matchIndex (Raft paper, section
// 5.3), and what is on its way to it.
#pragma once

#include "consensus/raft/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace pmmc::raft {

/// First one request at a time, until it is known where the logs agree; then entries follow each
/// other without waiting for answers, up to a bound of bytes. A request that is lost or overtaken
/// makes the follower refuse what comes behind it, and everything begins anew behind the last
/// match. Not thread-safe.
class follower_progress {
public:
  struct settings {
    std::size_t append_bytes = 1 << 20;    ///< of entries in one request, about
    std::size_t in_flight_bytes = 4 << 20; ///< of entries that are not answered yet
    std::size_t in_flight = 64;            ///< requests with entries that are not answered yet
  };

  /// `next`: behind the leader's last entry.
  follower_progress(slot_num next, std::uint64_t tick) : next_(next), heard_tick_(tick) {}

  slot_num next() const { return next_; }
  /// Its log is the leader's up to here, durably.
  slot_num match() const { return match_; }

  /// Whether something is to be sent now, where the log ends at `last` and is committed up to
  /// `commit`.
  bool is_due(slot_num last, slot_num commit, const settings& limits) const;
  /// How many bytes of entries may go along; 0: none.
  std::size_t room(const settings& limits) const;
  /// A heartbeat is to be sent, whatever was sent before: what was asked while it was not known
  /// where the logs agree may be lost.
  void must_send();

  /// A request left, behind next() - 1, with `count` entries of `bytes` together.
  void sent(std::size_t count, std::size_t bytes, slot_num commit);
  /// It was told to fetch a snapshot that ends at `base`.
  void sent_offer(slot_num base);

  /// Any answer of this term.
  void heard(std::uint64_t tick, std::uint64_t round);
  /// Its log is the leader's up to `last`.
  void matched(slot_num last);
  /// It refused entries behind `previous`: whether that is news. If so, go on with retry_at().
  bool is_news(slot_num previous) const;
  void retry_at(slot_num next);
  /// The connection is broken: what was on its way may be lost.
  void lost();

  std::uint64_t heard_tick() const { return heard_tick_; }
  /// The latest of the leader's rounds of heartbeats that it has answered.
  std::uint64_t round() const { return round_; }

private:
  friend struct role_contents; // search/raft/contents.cpp

  struct request {
    slot_num last = 0;
    std::size_t bytes = 0;
  };

  slot_num next_;
  slot_num match_ = 0;
  bool is_probing_ = true;  ///< it is not known where the logs agree
  bool has_probed_ = false; ///< and it was asked
  slot_num offered_ = 0;    ///< the snapshot that it is to fetch ends here; 0: none
  bool must_send_ = false;
  slot_num told_commit_ = 0;
  std::deque<request> in_flight_;
  std::size_t in_flight_bytes_ = 0;
  std::uint64_t heard_tick_;
  std::uint64_t round_ = 0;
};

} // namespace pmmc::raft
