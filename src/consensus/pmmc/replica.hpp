// The replica (paper, section 2.1, figure 1), with batching, hand-on, linearizable reads (4.5),
// snapshots and catching up (4.2), reconfiguration (4.4). It decides; what it knows and when things
// are due is kept by its pieces, classes that need no replica: request_desk, slot_proposals,
// kept_decisions, proposer_choice, gossip, agreement, read_rounds, snapshot_schedule,
// missing_decisions, snapshot_fetch. Four files: replica.cpp (the paper's part),
// replica_catchup.cpp, replica_configurations.cpp and replica_gauges.cpp.
#pragma once

#include "base/random.hpp"
#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "consensus/pmmc/counters.hpp"
#include "consensus/pmmc/kept_decisions.hpp"
#include "consensus/pmmc/missing_decisions.hpp"
#include "consensus/pmmc/proposer_choice.hpp"
#include "consensus/pmmc/read_rounds.hpp"
#include "consensus/pmmc/slot_proposals.hpp"
#include "membership/membership.hpp"
#include "service/agreement.hpp"
#include "service/gossip.hpp"
#include "service/replicated_state.hpp"
#include "service/request_desk.hpp"
#include "service/snapshot_fetch.hpp"
#include "service/snapshot_schedule.hpp"
#include "service/snapshot_work.hpp"

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// What a replica wants done: it persists nothing before it sends, and then has work for who writes
/// and reads its snapshots.
struct replica_outputs : outputs<>, snapshot_work {};

/// A part (part.hpp), driven by `flush` too, which the driver calls when it has no more inputs at
/// hand: only then does the replica propose and start reads, so that what came together travels
/// together.
class replica {
public:
  struct settings {
    role_id id;
    std::uint64_t seed =
        0; ///< another one in each life, or late answers could be taken for new ones
    /// Proposed together with requests, as long as the log has not decided which cluster this is: a
    /// random number. 0: left to other replicas.
    cluster_identity founds = 0;
    std::size_t batch_bytes = 256 << 10; ///< a slot's command is about this large at the most
    std::size_t batch_requests = 4'096;
    std::size_t eager_slots = 2;     ///< own slots in flight: up to so many open at once
    std::size_t pipeline_slots = 8;  ///< then one a tick, up to so many; then full batches only
    std::size_t filling_slots = 256; ///< likewise while gaps are filled with no-ops
    std::size_t max_pending_requests = 65'536;
    std::size_t max_pending_bytes = 64 << 20;
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    std::size_t max_queries = 65'536;
    std::uint64_t near_slots = 1'024; ///< a replica behind WINDOW and so many more is passed over
                                      ///< when slots are to be assigned
    std::size_t read_bytes = 2 << 20; ///< of answers to reads until take(); the rest waits
    std::size_t snapshot_log_bytes = 4 << 20; ///< or the size of the state, if that is more
    std::size_t page_bytes = 1 << 20;         ///< of a catch-up answer
    std::size_t kept_decisions_bytes =
        16 << 20; ///< kept beyond the snapshot for replicas a little behind
    unsigned ping_ticks = 10;
    unsigned silent_ticks = 60; ///< a peer not heard for so long counts as gone
    unsigned resend_ticks = 20;
    unsigned stalled_ticks = 5;            ///< no progress for so long: catch up
    unsigned explain_ticks = 100;          ///< without progress for so long, clients are told why
    unsigned query_ticks = 300;            ///< then a read is given up as unavailable
    unsigned forget_held_back_ticks = 300; ///< unless its client has asked again
  };

  /// `state`: empty, or restored from the durable snapshot of slot `state->slot_out()`.
  replica(settings options, std::unique_ptr<replicated_state> state, bool restored_from_snapshot);

  // clients
  void on(const role_id& client, request m);
  void on(const role_id& client, query m);
  // replicas and leaders
  void on(handoff m);
  void on(const decision& m);
  void on(const collected& m);
  void on(const ping& m);
  void on(const pong& m);
  // acceptors
  void on(const read_probe_reply& m);
  // catching up
  void on(const catchup& m);
  void on(const catchup_reply& m);
  void on(const snapshot_request& m);
  void on(snapshot_chunk m);

  /// Whom to talk to; what holds for a slot is in its own state.
  void learn(const config_history& known);
  void on_peer_down(const role_id& peer);
  /// The disks of acceptors and leaders that were met: the log gets to know those that it does not
  /// know yet.
  void met_disks(std::map<role_id, std::string> disks) { disks_met_ = std::move(disks); }
  void on_tick();
  void flush();

  /// Asks for a snapshot of what is not in one yet, if none is being written: before a stop.
  void save_now();
  bool is_saving() const { return snapshots_.is_saving(); }
  /// The snapshot of slots below `slot` is durable.
  void snapshot_saved(slot_num slot);
  /// What was written could not be restored, so it was thrown away. Everything goes on with the
  /// snapshot before; the next attempt is made when the log has grown again.
  void snapshot_failed();
  /// The fetched snapshot is durable, and this is its content.
  void install(std::unique_ptr<replicated_state> fetched);
  /// The first `offset` bytes of another replica's snapshot came before a restart: go on there if
  /// the same one is offered.
  void resume_fetch(slot_num slot, std::uint64_t offset) { fetch_.resume(slot, offset); }
  /// The fetched snapshot was damaged.
  void snapshot_rejected() { fetch_.rejected(); }

  replica_outputs take();

  /// The configurations of its own state, or later ones that others told it of. Only whom to talk
  /// to depends on these: what holds for a slot is in the state.
  const config_history& known_configurations() const;
  config_version known_version() const { return known_configurations().latest().version; }
  /// The oldest version that is still needed: all slots of those before it are decided and, as far
  /// as this replica knows, safe with the replicas that count (docs/RECONFIGURATION.md, rule 6).
  config_version live_from() const;
  membership known_members() const {
    return membership{known_configurations(), live_from(), state_->identity()};
  }
  /// Bytes of another replica's snapshot that have come, while one is being fetched.
  std::uint64_t fetched_bytes() const { return fetch_.bytes(); }

  /// Replicas that have done something else, by what they tell, and the slot at which that was
  /// seen.
  const std::map<role_id, slot_num>& differing() const { return agreement_.differing(); }
  /// It is this one that is wrong: it must stop.
  bool is_outvoted() const { return agreement_.is_outvoted(); }

  // What tests, status and checkers look at.
  const replicated_state& state() const { return *state_; }
  slot_num slot_in() const { return slot_in_; }
  slot_num slot_out() const { return state_->slot_out(); }
  slot_num snapshot_slot() const { return snapshots_.slot(); }
  slot_num watermark() const { return watermark_; }
  const std::map<slot_num, command>& decisions() const { return decisions_.by_slot(); }
  bool has_proposal(slot_num slot) const { return proposals_.contains(slot); }
  std::size_t pending_requests() const { return desk_.queue().size(); }
  const ballot_num& active_ballot() const { return proposer_.active_ballot(); }
  /// The highest slot that each acceptor has said it accepted anything in, when it was asked last.
  const std::map<role_id, slot_num>& accepted() const { return reads_.accepted(); }
  /// Reads that flush() could answer: more than one turn should.
  bool has_reads_to_answer() const { return reads_.has_answers(slot_out()); }
  /// Whether this replica assigns slots at present, as far as it knows.
  bool proposes() const { return proposer_.choose(standing(), gossip_) == options_.id; }
  replica_vitals current_vitals() const;
  const replica_counters& counters() const { return counters_; }
  /// Its last ones, the latest last.
  replica_gauges gauges() const;

private:
  friend struct role_contents; // search/encoding.cpp

  // requests and proposals
  void propose();
  void fill_to_boundary();
  proposal_route route() const;
  void propose_in(slot_num slot, slot_proposals::proposal p);
  void explain_stall();
  std::string why_stalled() const;
  proposer_choice::standing standing() const;
  bool is_far_behind(slot_num slot) const;
  void set_active(const ballot_num& ballot);

  // configurations
  std::set<role_id> contacts(std::initializer_list<role_kind> kinds) const;

  // decisions
  void perform();
  void forget_decisions();
  void snapshot_if_due();
  void update_watermark();

  // catching up
  void send_pings();
  void hear(const role_id& peer, const vitals& told);
  void compare_digests();
  slot_num highest_known_slot() const;
  void catch_up();
  void fill_gap(slot_num end);
  void go_on_filling();

  settings options_;
  random_source random_;
  std::unique_ptr<replicated_state> state_;
  std::uint64_t tick_ = 0;

  config_history learned_; ///< later configurations than the state's, or empty
  slot_num slot_in_ = 1;
  request_desk desk_;
  slot_proposals proposals_;
  kept_decisions decisions_; ///< the paper's decisions; old ones are forgotten

  proposer_choice proposer_;
  gossip gossip_;
  agreement agreement_;
  std::map<role_id, std::string> disks_met_;

  read_rounds reads_;

  slot_num watermark_ = 1;
  snapshot_schedule snapshots_;
  missing_decisions missing_;
  snapshot_fetch fetch_;

  replica_counters counters_;
  replica_outputs out_;
};

} // namespace pmmc
