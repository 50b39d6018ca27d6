// Everything that the log determines: the application's state, the sessions, the configurations,
// the identity of the cluster.
#pragma once

#include "base/engine_kind.hpp"
#include "consensus/messages.hpp"
#include "membership/cluster_facts.hpp"
#include "membership/configuration.hpp"
#include "membership/reconfiguration.hpp"
#include "service/batch.hpp"
#include "service/sessions.hpp"
#include "service/state_machine.hpp"

#include <deque>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// The fold of the decisions of slots 1, 2, … (invariant R3). Equal at equal slot_out on all
/// replicas (S1), so it has a fingerprint. One thread at a time; clones go to other threads.
class replicated_state {
public:
  static constexpr slot_num digest_slots = 256;
  static constexpr std::size_t kept_digests = 16;

  /// The state before slot 1. `protocol`: see cluster_facts. `sessions`: the same on all replicas.
  replicated_state(std::unique_ptr<state_machine> machine, config_history configurations,
                   std::uint64_t window_slots, std::string protocol = {},
                   session_limits sessions = {}, engine_kind engine = default_engine);

  /// Performs the decision of slot `slot_out()`, and returns the answers that it gives rise to,
  /// those to retries included. A command that is no batch has no effect. If the log says that its
  /// cluster has other facts() than this state, nothing is performed, and refusal() says so.
  /// `change`: the engine says that other servers decide from here on. The state goes by that,
  /// whatever becomes of the request for it.
  std::vector<response> perform(const command& decided,
                                const std::optional<voting_servers>& change = {});

  /// Why this state is not one of the cluster whose log it was given; empty if it is.
  const std::string& refusal() const { return refusal_; }

  /// The next slot to perform.
  slot_num slot_out() const { return slot_out_; }
  std::uint64_t window() const { return window_; }
  /// Which cluster this is; 0 until the log has decided it, then always the same.
  cluster_identity identity() const { return identity_; }
  /// What the members of its cluster agree on.
  cluster_facts facts() const;
  engine_kind engine() const { return engine_; }
  const config_history& configurations() const { return configurations_; }
  const session_table& sessions() const { return sessions_; }
  const state_machine& machine() const { return *machine_; }
  std::uint64_t fingerprint() const;
  /// At the latest multiples of `digest_slots`, ascending.
  const std::deque<slot_digest>& digests() const { return digests_; }
  std::size_t size_bytes() const { return machine_->size_bytes() + sessions_.size_bytes(); }

  /// What the engine has to remember of the log up to here goes into a snapshot beside the state,
  /// and is no part of it: bytes that mean nothing here. PMMC has none.
  const std::string& engine_part() const { return engine_part_; }
  void set_engine_part(std::string part) { engine_part_ = std::move(part); }

  std::unique_ptr<replicated_state> clone() const;
  void write(std::ostream& out) const;
  /// Replaces the state by what `write` wrote; throws std::runtime_error on anything else, also on
  /// a state with other facts().
  void read(std::istream& in);

private:
  std::string reconfigure(std::string_view op);
  reconfiguration_outcome outcome_of(const reconfiguration& wanted);
  void follow(const voting_servers& change);
  void note_digest();
  bool is_refused_by(const std::vector<batch_entry>& entries);
  void found(std::string_view op);

  slot_num slot_out_ = 1;
  std::uint64_t window_;
  std::string protocol_;
  engine_kind engine_;
  cluster_identity identity_ = 0;
  std::string refusal_;
  std::unique_ptr<state_machine> machine_;
  session_table sessions_;
  config_history configurations_;
  std::optional<config_history> before_change_; ///< while a slot with a change is performed
  std::string engine_part_;
  std::uint64_t decisions_digest_ = 0;
  std::deque<slot_digest> digests_;
};

/// The state before slot 1 of a cluster of these facts.
std::unique_ptr<replicated_state> first_state(std::unique_ptr<state_machine> machine,
                                              const cluster_facts& facts);

} // namespace pmmc
