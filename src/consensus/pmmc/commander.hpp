// The commander (paper, section 2.3, figure 6 b): phase 2 of one pvalue.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/pmmc/scout.hpp"
#include "membership/configuration.hpp"

#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace pmmc {

/// A majority has accepted `value`: it is chosen. The replicas have been sent the decision.
struct decided {
  pvalue value;
};

/// An acceptor has dropped the slot, so it was decided long ago; what, only a snapshot can tell.
struct below_watermark {
  slot_num slot = 0;
  slot_num watermark = 0;
};

using commander_outcome = std::variant<decided, preempted, below_watermark>;

/// What a commander is for.
struct commander_task {
  std::shared_ptr<const configuration> config; ///< that of the slot: its acceptors are asked, its
                                               ///< replicas told
  pvalue value;
  std::vector<role_id> learners = {}; ///< replicas of later configurations, which need it as well
};

/// Single-threaded. Sends again on ticks until it has an outcome; then it is done and sends no
/// more.
class commander {
public:
  static constexpr unsigned default_resend_ticks = 20;

  commander(role_id leader, commander_task task, unsigned resend_ticks = default_resend_ticks);

  void on(const p2b& m);
  void on_tick();
  void on_peer_down(const role_id&) {}

  outputs<> take();
  /// Set once.
  const std::optional<commander_outcome>& outcome() const { return outcome_; }
  const commander_task& task() const { return task_; }
  const ballot_num& ballot() const { return task_.value.ballot; }

private:
  void ask_all();

  role_id leader_;
  commander_task task_;
  unsigned resend_ticks_;
  unsigned ticks_ = 0;
  std::set<role_id> waitfor_;
  std::optional<commander_outcome> outcome_;
  outputs<> out_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
