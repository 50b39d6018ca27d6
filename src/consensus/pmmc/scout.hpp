// The scout (paper, section 2.3, figure 6 a): phase 1 of one ballot in one configuration.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/part.hpp"
#include "membership/configuration.hpp"

#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace pmmc {

/// A higher ballot is known to an acceptor.
struct preempted {
  ballot_num ballot;
};

/// A majority of `version` has promised `ballot`.
struct adopted {
  config_version version = 0;
  ballot_num ballot;
  slot_num from_slot = 1;
  slot_num to_slot = 0;   ///< one past the last slot asked about; 0: all from from_slot on
  slot_num watermark = 1; ///< highest of the majority
  std::map<slot_num, pvalue> pvalues; ///< pmax: the highest-ballot pvalue of each slot in the range
};

using scout_outcome = std::variant<adopted, preempted>;

/// Which slots a scout asks about. A leader that is active may ask again, at its own ballot, about
/// slots below those that it asked about first: an acceptor that promised b has accepted nothing
/// below b since, so its answer still is one of phase 1 at b.
struct scout_task {
  std::shared_ptr<const configuration> config;
  ballot_num ballot;
  slot_num from_slot = 1;
  slot_num to_slot = 0;
};

/// Single-threaded. Sends again on ticks until it has an outcome; then it is done and sends no
/// more.
class scout {
public:
  static constexpr unsigned default_resend_ticks = 20;

  scout(role_id leader, scout_task task, unsigned resend_ticks = default_resend_ticks);

  void on(const p1b& m);
  void on_tick();
  void on_peer_down(const role_id&) {}

  outputs<> take();
  /// Set once.
  const std::optional<scout_outcome>& outcome() const { return outcome_; }
  const scout_task& task() const { return task_; }
  const ballot_num& ballot() const { return task_.ballot; }

private:
  void ask(const role_id& acceptor, slot_num from_slot);
  void finish_if_adopted();

  role_id leader_;
  scout_task task_;
  unsigned resend_ticks_;
  unsigned ticks_ = 0;
  std::map<role_id, slot_num> waitfor_; ///< acceptor → first slot that it has not told about
  adopted result_;
  std::optional<scout_outcome> outcome_;
  outputs<> out_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
