// Everything that the log determines: the application's state, the sessions, the configurations,
// the identity of the cluster.
#pragma once

#include "consensus/messages.hpp"
#include "membership/cluster_facts.hpp"
#include "membership/configuration.hpp"
#include "service/batch.hpp"
#include "service/sessions.hpp"
#include "service/state_machine.hpp"

#include <deque>
#include <iosfwd>
#include <memory>
#include <span>

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
                   session_limits sessions = {});

  /// Performs the decision of slot `slot_out()`, and returns the answers that it gives rise to,
  /// those to retries included. A command that is no batch has no effect. If the log says that its
  /// cluster has other facts() than this state, nothing is performed, and refusal() says so.
  std::vector<response> perform(const command& decided);

  /// Why this state is not one of the cluster whose log it was given; empty if it is.
  const std::string& refusal() const { return refusal_; }

  /// The next slot to perform.
  slot_num slot_out() const { return slot_out_; }
  std::uint64_t window() const { return window_; }
  /// Which cluster this is; 0 until the log has decided it, then always the same.
  cluster_identity identity() const { return identity_; }
  /// What the members of its cluster agree on.
  cluster_facts facts() const;
  const config_history& configurations() const { return configurations_; }
  const session_table& sessions() const { return sessions_; }
  const state_machine& machine() const { return *machine_; }
  std::uint64_t fingerprint() const;
  /// At the latest multiples of `digest_slots`, ascending.
  const std::deque<slot_digest>& digests() const { return digests_; }
  std::size_t size_bytes() const { return machine_->size_bytes() + sessions_.size_bytes(); }

  std::unique_ptr<replicated_state> clone() const;
  void write(std::ostream& out) const;
  /// Replaces the state by what `write` wrote; throws std::runtime_error on anything else, also on
  /// a state with other facts().
  void read(std::istream& in);

private:
  std::string reconfigure(std::string_view op);
  void note_digest();
  bool is_refused_by(const std::vector<batch_entry>& entries);
  void found(std::string_view op);

  slot_num slot_out_ = 1;
  std::uint64_t window_;
  std::string protocol_;
  cluster_identity identity_ = 0;
  std::string refusal_;
  std::unique_ptr<state_machine> machine_;
  session_table sessions_;
  config_history configurations_;
  std::uint64_t decisions_digest_ = 0;
  std::deque<slot_digest> digests_;
};

} // namespace pmmc
