// What Raft's servers say to each other (Raft paper, figure 2; thesis, figures 3.9, 3.10, 6.2).
// Plain values, as in consensus/messages.hpp.
#pragma once

#include "consensus/raft/entry.hpp"

#include <cstdint>
#include <variant>
#include <vector>

namespace pmmc::raft {

/// RequestVote. With `is_pre_vote` (thesis, 9.6) only the question whether one would be granted:
/// `term` is the one that the candidate would have, and nobody's term or vote changes.
struct request_vote {
  role_id candidate;
  term_num term = 0;
  position last; ///< of the candidate's log
  bool is_pre_vote = false;
  bool is_transfer = false; ///< the leader asked for it: its being heard is no reason to refuse
};

struct vote {
  role_id voter;
  term_num term = 0; ///< that of the request if granted, else the voter's own
  bool is_granted = false;
  bool is_pre_vote = false;
};

/// AppendEntries: "behind `previous` stand `entries`". Without entries a heartbeat, or the news
/// that more is committed.
struct append_entries {
  role_id leader;
  term_num term = 0;
  position previous;
  std::vector<entry> entries;
  slot_num commit = 0;     ///< the leader's commitIndex
  std::uint64_t round = 0; ///< of its heartbeats in this term; named by the answer
};

struct append_reply {
  role_id from;
  term_num term = 0;       ///< the sender's own
  bool is_match = false;   ///< its log is the leader's up to `last`, durably
  slot_num last = 0;       ///< match: up to here. No match: `previous.index` as it was asked
  position conflict;       ///< no match: the first entry of the term that stands at `last`, or
                           ///< {one past the end, 0} if the log is too short; {0, 0}: the
                           ///< request was of an earlier term, and was not looked at
  std::uint64_t round = 0; ///< of the request
};

/// "What you miss is gone from my log: fetch a snapshot from me that goes at least up to `base`".
/// The pieces of it are the service's (InstallSnapshot, section 7).
struct snapshot_offer {
  role_id leader;
  term_num term = 0;
  position base;
  std::uint64_t round = 0;
};

/// Leader → server: "run for office at once" (leadership transfer, thesis, 3.10).
struct timeout_now {
  role_id leader;
  term_num term = 0;
};

/// Server → leader: "up to where must I have performed the log, to answer what was asked before
/// this?" (ReadIndex, thesis, 6.4).
struct read_index {
  role_id from;
  std::uint64_t number = 0;
};

struct read_index_reply {
  role_id leader;
  std::uint64_t number = 0;
  slot_num index = 0;
};

/// A core's own messages. All engines' are in consensus/messages.hpp.
using message = std::variant<request_vote, vote, append_entries, append_reply, snapshot_offer,
                             timeout_now, read_index, read_index_reply>;

struct envelope {
  role_id to;
  message body;
};

} // namespace pmmc::raft
