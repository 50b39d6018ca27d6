// Raft (Raft paper, figure 2 and section 6), with pre-vote, check-quorum, leadership transfer and
// ReadIndex (thesis, 9.6, 6.2, 3.10, 6.4): a replicated log. It decides; what it knows of others is
// kept by its pieces, classes that need no server: log, follower_progress, read_index_rounds,
// server_change. Four files: consensus.cpp (inputs and outputs), consensus_election.cpp,
// consensus_replication.cpp, consensus_members.cpp.
#pragma once

#include "base/random.hpp"
#include "consensus/raft/follower_progress.hpp"
#include "consensus/raft/messages.hpp"
#include "consensus/raft/persistent_state.hpp"
#include "consensus/raft/read_index_rounds.hpp"
#include "consensus/raft/server_change.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pmmc::raft {

/// What a server wants done after an input.
/// ORDER: `send_early` may leave at once; everything in `persist` must be durable before anything
/// in `send` leaves, and before that of later outputs does. Then call persisted() with what was
/// persisted. If persisting fails, the driver stops the process and sends nothing, ever.
struct outputs {
  std::vector<envelope> send_early; ///< the leader's own disk runs beside the network
  std::vector<record> persist;
  std::vector<envelope> send;

  struct committed_entry {
    slot_num index = 0;
    entry what;
  };
  std::vector<committed_entry> committed; ///< in order, without gaps, each once

  struct readable_at {
    std::uint64_t number = 0; ///< of the barrier()
    slot_num index = 0;       ///< when the log is performed up to here
  };
  std::vector<readable_at> readable;

  /// Fetch a snapshot of `from` that goes at least up to `base`, and call installed().
  struct fetch {
    role_id from;
    position base;
  };
  std::optional<fetch> fetch_snapshot;

  /// A change() that was taken on stands in the log, there. Another leader may take it back.
  std::optional<position> logged_change;
  /// It will not be made, and why.
  std::optional<std::string> dropped_change;

  bool empty() const {
    return send_early.empty() && persist.empty() && send.empty() && committed.empty() &&
           readable.empty() && !fetch_snapshot && !logged_change && !dropped_change;
  }
};

/// Single-threaded; driven by messages, by ticks of about 10 ms, and by news of peers.
class consensus {
public:
  enum class state { follower, pre_candidate, candidate, leader };

  struct settings {
    role_id id;
    std::uint64_t seed = 0;
    unsigned election_ticks = 30; ///< the least timeout; the longest is just below twice as much,
                                  ///< and more while elections fail
    unsigned heartbeat_ticks = 5;
    unsigned quorum_ticks = 150; ///< a leader that hears no majority for so long gives up office;
                                 ///< who answers syncs first, so it may take several of them
    unsigned disk_ticks = 500;   ///< likewise one whose own disk takes so long for an entry
    slot_num most_undurable = 1024; ///< entries ahead of the own disk; then nothing is proposed
    std::size_t most_undurable_bytes = 64 << 20; ///< likewise, of them
    unsigned resend_ticks = 20;     ///< a read_index without an answer for so long is sent again
    unsigned newcomer_ticks = 300;  ///< not heard for so long, a newcomer ends its change
    unsigned catch_up_ticks = 3000; ///< likewise if it is heard, and comes no further
    follower_progress::settings pace = {};
  };

  /// `recovered`: what the persisted records add up to; founding_state() for a new one.
  consensus(settings options, persistent_state recovered);

  // --- Inputs ---
  void on(const request_vote& m);
  void on(const vote& m);
  void on(const append_entries& m);
  void on(const append_reply& m);
  void on(const snapshot_offer& m);
  void on(const timeout_now& m);
  void on(const read_index& m);
  void on(const read_index_reply& m);
  void on_tick();
  void on_peer_down(const role_id& peer);
  /// `records` of one take() are durable. In the order of the take()s.
  void persisted(std::span<const record> records);

  // --- The replicated log ---
  /// Appends `value` if this server leads and is not handing over; where to, if so. It is not
  /// decided yet: another leader's entry may take its place, and then `committed` shows that one.
  std::optional<position> propose(command value);
  /// Asks for the index up to which the log must be performed to answer what was asked before.
  /// The answer is in `readable`, when there is a leader; a later question replaces it.
  void barrier(std::uint64_t number);
  /// Everything up to `index`, which was committed, is in a durable snapshot: entries up to there
  /// are forgotten.
  void compact(slot_num index);
  /// A snapshot that ends at `base`, where `members` vote, was made durable and taken over. Nothing
  /// happens if what is committed here goes as far.
  void installed(const position& base, std::shared_ptr<const server_set> members);

  // --- Members and office ---
  /// Begins to change the servers from those of version `replaces` to `servers`; `value` goes into
  /// the log with it. Empty if it was taken on, else why not. What becomes of it is seen in
  /// `committed`, or in `dropped_change`.
  std::string change(config_version replaces, std::vector<member> servers, command value);
  /// Whether change() would be taken on, if it names the version of members().
  bool may_change() const;
  /// A server asks for this piece of a snapshot: newcomers come further by such, unseen here.
  void note_piece(const role_id& server, slot_num snapshot, std::uint64_t offset);
  /// Hands office to `to`: when that has all of the log, it is told to run at once. Gives up after
  /// an election timeout. Empty, or why not.
  std::string transfer(const role_id& to);

  outputs take();

  // --- What services, tests, status and checkers look at ---
  state current_state() const { return state_; }
  bool is_leader() const { return state_ == state::leader; }
  bool may_propose() const;
  term_num term() const { return durable_.term; }
  const role_id& voted_for() const { return durable_.voted_for; }
  /// Empty: not known.
  const role_id& leader() const { return leader_; }
  const raft::log& log() const { return durable_.log; }
  slot_num commit() const { return commit_; }
  const server_set& members() const { return *durable_.log.members(); }
  /// Whether a change of the members is waiting, or in the log and not at its end.
  bool is_changing() const;
  /// The one that waits for its newcomers.
  const std::optional<server_change>& waiting_change() const { return change_; }
  const std::map<role_id, follower_progress>& followers() const { return followers_; }
  const settings& options() const { return options_; }

  /// Since it was made.
  struct election_figures {
    std::uint64_t elections = 0; ///< it ran for office; pre-votes do not count
    std::uint64_t offices = 0;   ///< it was elected
    std::uint64_t votes = 0;     ///< granted to others
  };
  const election_figures& figures() const { return figures_; }

private:
  friend struct role_contents; // search/raft/contents.cpp

  // records
  void persist(record r);
  void reply(const role_id& to, message m) { out_.send.push_back({to, std::move(m)}); }

  // election
  bool is_voter(const role_id& id) const { return members().has(id); }
  std::string why_no_change() const;
  bool is_needed_in_office() const;
  bool hears_leader() const;
  void put_off_election();
  void enter_term(term_num term, const role_id& voted_for);
  void follow(term_num term, const role_id& leader);
  void run_for_office(bool is_pre_vote, bool is_transfer);
  void win_if_elected();
  void lead();
  void check_quorum();
  void check_disk();

  // replication
  void append(entry e);
  bool takes_over(const append_entries& m);
  slot_num match_of(const role_id& server) const;
  void advance_commit();
  void commit_to(slot_num index);
  std::vector<envelope>& way();
  void send_to(const role_id& server, follower_progress& to);
  void send_all_due();
  void send_heartbeats();
  void back_up(follower_progress& of, const append_reply& m);
  void finish_read_round();
  void ask_leader_to_read();

  // members
  void follow_members();
  void go_on_changing();
  void drop_change(std::string why);
  void finish_change();
  void retire_if_left();
  void go_on_handing_over();

  settings options_;
  random_source random_;
  persistent_state durable_; ///< or on its way to the disk
  std::uint64_t tick_ = 0;
  state state_ = state::follower;
  role_id leader_;
  slot_num commit_;
  slot_num delivered_; ///< `committed` up to here was taken

  std::uint64_t heard_leader_tick_ = 0; ///< leader_ was heard; meaningless without one
  std::uint64_t election_tick_ = 0;     ///< run for office then
  unsigned failed_elections_ = 0;       ///< runs for office since a leader was known
  std::set<role_id> votes_;             ///< in this term, or for the pre-vote

  // of a leader
  std::map<role_id, follower_progress> followers_;
  term_num durable_term_;       ///< the term that is known to be on the disk
  slot_num durable_last_;       ///< own entries up to here are, of this term's log
  std::uint64_t disk_tick_ = 0; ///< then durable_last_ grew, or was all there is
  std::uint64_t round_ = 0;     ///< of heartbeats in this term
  std::optional<server_change> change_;
  struct handover {
    role_id to;
    std::uint64_t until_tick = 0;
    bool was_told = false;
  };
  std::optional<handover> handover_;
  read_index_rounds reads_;

  struct own_barrier {
    std::uint64_t number = 0;
    std::uint64_t asked_tick = 0;
    role_id asked; ///< empty: nobody yet
  };
  std::optional<own_barrier> barrier_;
  std::uint64_t answered_round_ = 0; ///< the latest of leader_'s rounds that was answered

  election_figures figures_;
  outputs out_;
};

std::string_view to_string(consensus::state s);

} // namespace pmmc::raft
