// Everything that the log determines: the application's state, the sessions, the configurations,
// the identity of the cluster.
#pragma once

#include "configuration.hpp"
#include "messages.hpp"
#include "sessions.hpp"
#include "state_machine.hpp"

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

  /// The state before slot 1.
  replicated_state(std::unique_ptr<state_machine> machine, config_history configurations,
                   std::uint64_t window_slots);

  /// Performs the decision of slot `slot_out()`, and returns the answers that it gives rise to,
  /// those to retries included. A command that is no batch has no effect.
  std::vector<response> perform(const command& decided);

  /// The next slot to perform.
  slot_num slot_out() const { return slot_out_; }
  std::uint64_t window() const { return window_; }
  /// Which cluster this is; 0 until the log has decided it, then always the same.
  cluster_identity identity() const { return identity_; }
  const config_history& configurations() const { return configurations_; }
  const session_table& sessions() const { return sessions_; }
  const state_machine& machine() const { return *machine_; }
  std::uint64_t fingerprint() const;
  /// At the latest multiples of `digest_slots`, ascending.
  const std::deque<slot_digest>& digests() const { return digests_; }
  std::size_t size_bytes() const { return machine_->size_bytes() + sessions_.size_bytes(); }

  std::unique_ptr<replicated_state> clone() const;
  void write(std::ostream& out) const;
  /// Replaces the state by what `write` wrote; throws std::runtime_error on anything else.
  void read(std::istream& in);

private:
  std::string reconfigure(std::string_view op);
  void note_digest();

  slot_num slot_out_ = 1;
  std::uint64_t window_;
  cluster_identity identity_ = 0;
  std::unique_ptr<state_machine> machine_;
  session_table sessions_;
  config_history configurations_;
  std::uint64_t decisions_digest_ = 0;
  std::deque<slot_digest> digests_;
};

} // namespace pmmc
