// The processes of a scope: the core's roles as they are, with what a driver keeps for them. A step
// gives a process one input and says everything that came of it.
#pragma once

#include "consensus/part.hpp"
#include "consensus/pmmc/acceptor.hpp"
#include "consensus/pmmc/leader.hpp"
#include "consensus/pmmc/sub_roles.hpp"
#include "search/replica_process.hpp"
#include "search/scope.hpp"

#include <string>
#include <variant>
#include <vector>

namespace pmmc::search {

/// What a leader's records add up to.
struct leader_state {
  std::uint64_t free_seqnum = 0;

  void apply(const seqnum_record& r) { free_seqnum = r.free_seqnum; }
};

/// Of a part that persists nothing.
struct no_state {
  void apply(const no_record&) {}
};

/// A part and what it has made durable: `Durable` applies its records.
template <part Part, class Durable>
struct hosted {
  unsigned number = 0; ///< 0 for a1 or l1; of a scout or commander, that of its leader
  Part core;
  Durable durable;
};

struct acceptor_process : hosted<acceptor, acceptor_state> {};

struct leader_process : hosted<leader, leader_state> {
  unsigned ballots_left = 0;
  unsigned restarts_left = 0;
};

struct sub_process : hosted<sub_role, no_state> {};

/// A scout or commander that is done: its outcome is on its way to the leader.
struct report {
  unsigned leader = 0;
  sub_role_report what;
};

using process =
    std::variant<acceptor_process, leader_process, sub_process, report, replica_process>;

/// What can happen to a process beside a message.
struct crash_and_restart {}; ///< comes back with what is durable
struct run_for_office {};    ///< a leader's patience ends
struct lose_office {};       ///< an active leader hears no majority any more
struct pass_time {};         ///< an active leader's tick
struct hear_of {             ///< its process has heard of configurations, up to this one
  config_version latest = 0;
};

using input = std::variant<const envelope*, const report*, crash_and_restart, run_for_office,
                           lose_office, pass_time, hear_of, begin_read>;

struct step_outcome {
  explicit step_outcome(process p) : after(std::move(p)) {}

  process after;        ///< of a scout or commander that is done: its report
  bool happened = true; ///< false: nothing of the kind is possible here
  bool stops_sub_roles =
      false; ///< the leader's scouts and commanders end, undelivered reports stay
  bool loses_sub_roles = false; ///< the leader's process crashed: these and the reports are gone
  std::vector<sub_role_id> stopped;
  std::vector<process> started;
  std::vector<envelope> sent; ///< of what is_modelled
  std::string fault;          ///< an assertion of the core that failed: nothing else is set
};

/// What is to be decided in slots 1, 2, … for the configurations behind the first: what l1 is
/// proposed there.
std::vector<command> reconfigurations_of(const scope& s);
/// The version of the latest configuration where these were `performed`, from slot 1 on.
config_version latest_of(const std::vector<command>& changes,
                         const std::vector<command>& performed);

/// Runs the processes of one scope.
class process_driver {
public:
  explicit process_driver(const scope& s);

  std::vector<process> first_processes() const;
  std::vector<envelope> first_messages() const;
  /// What the replica proposes when it has performed these commands, from slot 1 on.
  std::vector<envelope> reaction(const std::vector<command>& performed) const;
  /// What replicas send when all slots below `slot_out` are decided: that one has performed them,
  /// or that f + 1 hold them on disk.
  std::vector<envelope> announcement(slot_num slot_out) const;
  step_outcome step(const process& before, const input& in) const;

private:
  leader make_leader(unsigned number, std::uint64_t free_seqnum) const;
  acceptor make_acceptor(unsigned number, acceptor_state recovered) const;
  void propose_slot(std::vector<envelope>& to, slot_num slot, config_version version) const;
  void send_to_all(std::vector<envelope>& to, const message& m) const;

  template <class Hosted>
  step_outcome run(Hosted p, const input& in) const;
  step_outcome run(report p, const input& in) const;
  step_outcome run(replica_process p, const input& in) const;
  config_history known_up_to(config_version latest) const;
  bool choose(acceptor_process& p, const input& in, step_outcome& out) const;
  bool choose(leader_process& p, const input& in, step_outcome& out) const;

  scope scope_;
  std::vector<configuration> configs_;
  replica_driver replicas_;
};

/// Two processes with equal bytes behave alike from now on.
std::string canonical_bytes(const process& p);

} // namespace pmmc::search
