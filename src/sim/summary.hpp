// What happened in a run, counted: a run in which nothing interesting happened proves nothing.
#pragma once

#include "sim/scenario.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pmmc::sim {

enum class fact : std::uint8_t {
  election,       ///< a leader became active
  preemption,     ///< a scout or commander met a higher ballot
  pmax_override,  ///< phase 1 found another value than the leader's own proposal
  recovery_scout, ///< phase 1 for slots that an active leader had not looked at
  hole,           ///< a replica knew a decision, but not the one before it
  noop_decided,
  lost_slot,             ///< a replica's proposal lost its slot to another one
  request_decided_again, ///< a retry was decided in a second slot
  stale_request,         ///< a client sent a request again that it had the answer to
  read_answered,
  session_ended,
  operation_unknown, ///< a client gave up an operation without knowing its outcome
  refused_as_busy,
  read_refused_as_busy,
  refused_as_too_large, ///< an operation
  put_off,              ///< a request too far ahead of others of its session
  session_evicted,      ///< for others' room
  named_session_evicted,
  named_answer_dropped,
  reply_refused, ///< a call whose reply would be too large
  handoff,
  snapshot_saved,
  snapshot_installed,
  snapshot_rejected,
  catch_up,        ///< a replica was sent decisions that it had missed
  log_collected,   ///< an acceptor dropped slots
  below_watermark, ///< somebody worked on a slot that was gone
  restart,
  write_lost,       ///< a crash during a sync: nothing of the write is on the disk
  write_kept,       ///< … all of it is, though nobody was told
  refused_to_start, ///< a damaged or lost directory, or a disk that fails
  died_at_start,    ///< while it read and mended its files
  disk_write_lost,  ///< not synced, in a power cut; see simulated_disk::tally
  disk_write_torn,
  disk_name_lost,
  disk_rename_lost,
  disk_flip_read,
  disk_full,                 ///< a write met no room
  disk_sync_failed,          ///< once
  disk_sync_failed_for_good, ///< as all do that follow
  reconfiguration,           ///< decided, and it took effect
  reconfiguration_stale,     ///< decided, but of a version that was not the latest any more
  boundary_crossed,          ///< a slot was decided under another configuration than the one before
  two_reconfigurations_in_flight,
  role_retired,
  process_moved, ///< to another address, as the members know
  // Redis's clients, and what their ports and the store do for them
  redis_reply,
  redis_unknown,      ///< a request whose outcome nobody told
  redis_exec,         ///< performed
  redis_exec_refused, ///< because of a watched key
  redis_discard,
  redis_lock_refused,   ///< SET NX: somebody else holds the lock
  redis_retry,          ///< of a PMMC REQ, as a rule at another port
  redis_answered_again, ///< a retry got what its session remembered
  redis_key_expired,
  redis_connection_cut,
  redis_client_crashed,
  redis_refused_as_busy,
  redis_clock_set,         ///< by an administrator
  redis_wait,              ///< answered with how many acceptors hold what was written
  redis_port_of_no_member, ///< the port of a replica that is no member
  // What a port's connections are told and do not get
  redis_one_too_many,      ///< refused
  redis_not_read,          ///< for a while: too many requests wait
  redis_holds_too_much,    ///< … of all, and refused
  redis_protocol_error,    ///< and what follows is not looked at
  redis_quit,              ///< and what follows is not executed
  redis_reply_cut,         ///< a socket has taken a part of it
  redis_reply_to_nobody,   ///< its connection has ended meanwhile
  redis_closed_for_bound,  ///< of all unread replies
  redis_closed_for_room,   ///< others waited for it
  redis_buffer_grown,      ///< for reading
  redis_buffer_given_back, ///< that had grown
  redis_executed_unheard,  ///< a write whose client had gone
  redis_change_refused,    ///< PMMC RECONFIG: another one was under way
  redis_pause,             ///< a client has read nothing for a while
  // Messages
  grouped,        ///< several in one
  group_cut,      ///< sent, as another message would have made it too long
  lost_in_flight, ///< with their connection
  // Who meets whom
  meeting,                ///< two processes let each other in
  sent_to_nobody,         ///< by a role to one that it has not met, or refuses
  unknown_leader_ignored, ///< by an acceptor
  guest_not_made_known,   ///< a role that is no member, or not there
  silent_not_counted,     ///< a process, after 600 ms
  copy_left,              ///< of a member's directories, since the member is there
  new_disk_refused,       ///< a role was formatted again
  old_copy_refused,
  lost_records_refused,     ///< an old copy that was made within a life
  stopped_for_disk,         ///< such a role has heard that it is refused
  refused_as_other_cluster, ///< for its name or its identity
  refused_for_facts,
  stopped_as_differing,
  refused_as_removed,
  stopped_as_removed,
  removed_not_started, ///< its `members` file says that it was removed
  address_taken,
  window_overruled,     ///< by the directories of a member, whose config file says another one
  refused_at_start,     ///< its config file, or one of its directories, is of another cluster
  misformatted_refused, ///< a member that was formatted from a wrong config file, by another one
  misformatted_stopped, ///< … and it has ended of that
  // What processes remember of the members
  members_written,           ///< into all directories of a process
  members_write_interrupted, ///< it died within it, or its disk failed
  members_differ,            ///< in the directories of one process, at its start
  members_damaged,           ///< the others were asked
  members_removed,           ///< by an operator
  identity_forgotten,        ///< a process began without, and had known it
  replica_began_anew,        ///< with a directory that was formatted again
  replica_on_old_copy,
  // Raft's servers
  vote_refused,
  pre_vote,          ///< asked for
  truncated,         ///< entries that were not committed: another leader's stand there
  office_handed_on,  ///< a server was told to run at once
  snapshot_offered,  ///< what somebody misses is gone from the log; of engine simple, too
  change_begun,      ///< C-all is in a log
  change_finished,   ///< C-new is committed
  change_taken_back, ///< C-all, or C-new, with its entry
  // Servers of engine simple
  number_refused,   ///< a duel, or a late number
  slot_filled,      ///< a no-op was asked for
  value_taken_over, ///< phase 1 found another one's
  value_asked_for,  ///< by a server that had missed it
  change_not_made,  ///< this engine's servers stay
};
inline constexpr std::size_t facts = 120;

std::string_view to_string(fact f);
/// Whether it can happen with this engine.
bool can_happen(fact f, engine_kind engine);

struct summary {
  engine_kind engine = engine_kind::pmmc;
  std::array<std::uint64_t, facts> happened{};
  std::array<std::uint64_t, facts> in_runs{}; ///< in so many of the runs that were added up
  std::array<std::uint64_t, fault_kinds> faults{};
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t slots = 0;
  std::uint64_t operations = 0;
  sim_time simulated = 0;

  void count(fact f, std::uint64_t times = 1) { happened[static_cast<std::size_t>(f)] += times; }
  std::uint64_t of(fact f) const { return happened[static_cast<std::size_t>(f)]; }
  void add(const summary& other);
};

/// For people: one line for each thing that happened, and in how many runs if there were several;
/// and a list of what never did, and could with its engine.
std::string describe(const summary& s);

} // namespace pmmc::sim
