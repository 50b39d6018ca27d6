// The leader (paper, section 2.4, figure 7), with failure detection (section 3) and reconfiguration
// (4.4). It decides; what it knows and when things are due is kept by its pieces, classes that need
// no leader: shared_configurations, election_timer, phase_one, heard_acceptors, replica_progress,
// leader_decisions, commander_slots, slot_recovery. Three files: leader.cpp (the paper's part),
// leader_election.cpp, leader_configurations.cpp.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "consensus/pmmc/commander_slots.hpp"
#include "consensus/pmmc/counters.hpp"
#include "consensus/pmmc/election_timer.hpp"
#include "consensus/pmmc/heard_acceptors.hpp"
#include "consensus/pmmc/leader_decisions.hpp"
#include "consensus/pmmc/phase_one.hpp"
#include "consensus/pmmc/replica_progress.hpp"
#include "consensus/pmmc/shared_configurations.hpp"
#include "consensus/pmmc/slot_recovery.hpp"
#include "consensus/pmmc/sub_roles.hpp"
#include "membership/configuration.hpp"
#include "membership/membership.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace pmmc {

/// `free_seqnum` is the least seqnum that is still free. It must be durable before any scout sends
/// its first message, so that no ballot is ever used again after a restart (L3).
struct seqnum_record {
  std::uint64_t free_seqnum = 0;
};

using leader_outputs = outputs<seqnum_record, sub_roles>;

/// A part (part.hpp) that is also given the reports of the scouts and commanders that it asked for.
class leader {
public:
  struct settings {
    role_id id;
    std::uint64_t seed = 0;
    std::uint64_t window = 128; ///< in slots
    aimd_timeout::limits timeout = {};
    unsigned ping_ticks = 5;
    unsigned start_ticks = 10;        ///< after a start, time for an active leader to show itself
    unsigned lost_quorum_ticks = 100; ///< without signs of a majority of acceptors: give up office,
                                      ///< or running for it
    unsigned forget_replica_ticks = 100;
    std::uint64_t near_slots = 1'024; ///< phase 1 waits for replicas that are no further behind
    std::size_t kept_decisions_bytes = 16 << 20;
  };

  /// `free_seqnum`: the least seqnum that this leader has never used, as persisted.
  leader(settings options, std::uint64_t free_seqnum, config_history configurations);

  void on(const propose& m);
  void on(const ping& m);
  void on(const pong& m);
  void on(const sub_role_report& m);
  void on(const scout_outcome& m);
  /// `ballot`: the one that the commander worked for.
  void on(const commander_outcome& m, const ballot_num& ballot);
  void learn(const config_history& known);
  /// The connection to a role is known to be broken.
  void on_peer_down(const role_id& peer);
  void on_tick();

  leader_outputs take();

  bool is_active() const { return state_ == state::active; }
  /// The ballot it scouts for or holds; while passive, the last one that it had.
  const ballot_num& ballot() const { return ballot_num_; }
  /// The ballot that keeps it passive, or ⊥.
  const ballot_num& preempted_by() const { return preempted_by_; }
  leader_vitals current_vitals() const;
  const std::map<slot_num, command>& proposals() const { return proposals_; }
  /// Slots below are not known in memory: to propose there, phase 1 has to look at them first.
  slot_num covered_from() const { return decisions_.covered_from(); }
  unsigned timeout_ticks() const { return timer_.timeout_ticks(); }
  const config_history& configurations() const { return configurations_.history(); }
  config_version known_version() const { return configurations_.latest().version; }
  membership known_members() const;
  /// Slots with a commander at work.
  const std::set<slot_num>& commanders() const { return commanders_.at_work(); }
  /// Proposals that wait until there may be one more commander.
  std::size_t waiting_for_commander() const { return commanders_.waiting(); }
  const leader_counters& counters() const { return counters_; }

private:
  enum class state { starting, passive, scouting, active };

  // configurations
  bool is_in_office() const { return state_ == state::active || state_ == state::scouting; }
  std::vector<std::shared_ptr<const configuration>> live_configurations() const;
  bool may_lead() const { return configurations_.may_lead_from(replicas_.needed_from(tick_)); }
  void scout_live_configurations();
  void forget_retired();
  void retire();

  // election
  void run_for_office();
  void become_active();
  void become_passive(const ballot_num& by);
  void handle(const adopted& m);
  void handle(const preempted& m);
  bool hears_quorum_since(std::uint64_t tick) const;
  bool may_run() const;
  void send_pings();
  void watch_leader(const role_id& from, const leader_vitals& told);
  void watch_through_acceptor(const acceptor_vitals& told, bool leader_was_there);

  // proposals
  void handle(const decided& m);
  void handle(const below_watermark& m);
  void command_proposals();
  void command_slot(slot_num slot, const command& value);
  void start_waiting_commanders();
  void recover(const propose& m);
  void start_recovery();
  void propose_recovered(const adopted& m);

  settings options_;
  shared_configurations configurations_;
  state state_ = state::starting;
  ballot_num ballot_num_;
  ballot_num preempted_by_;
  std::uint64_t free_seqnum_;
  election_timer timer_;
  std::uint64_t tick_ = 0;
  std::uint64_t ping_number_ = 0;
  phase_one phase_one_; ///< of ballot_num_
  heard_acceptors acceptors_;
  replica_progress replicas_;

  std::map<slot_num, command> proposals_; ///< undecided, as in the paper
  std::map<slot_num, propose> early_;     ///< of configurations that it has not heard of yet
  leader_decisions decisions_;
  commander_slots commanders_;
  slot_recovery recovery_; ///< of slots below covered_from()

  leader_counters counters_;
  leader_outputs out_;

  friend struct role_contents; // search/encoding.cpp: what two equal leaders agree in
};

} // namespace pmmc
