// Which replica assigns slots (paper, section 4.4, "colocation"; docs/ARCHITECTURE.md, "The life of
// a write", hand-on).
#pragma once

#include "membership/configuration.hpp"
#include "service/gossip.hpp"

namespace pmmc {

/// The replica nearest the active leader: in its process, or else one that its place among the
/// leaders picks, or else the first after it that is not far behind. This one, if that one is
/// silent or does not see the same leader, if no leader is known, or if others count on this one:
/// what has been handed on once is not handed on again, or it would go round in circles wherever
/// two replicas disagree. Single-threaded.
class proposer_choice {
public:
  explicit proposer_choice(role_id self) : self_(self) {}

  /// What the choice is made from, besides what others tell.
  struct standing {
    const config_history& configurations; ///< of the state
    slot_num slot_out = 1;
    bool is_far_behind = false; ///< this replica
    std::uint64_t tick = 0;
  };

  /// ⊥: none is active as far as this replica knows. Returns whether that is something new.
  bool set_active(const ballot_num& ballot);
  /// Another replica takes this one for the proposer: so it is, up to that tick.
  void call_upon(std::uint64_t until_tick) { called_upon_until_tick_ = until_tick; }
  role_id choose(const standing& now, const gossip& others) const;
  /// Goes by choose() until the next time; returns whether it is another one now.
  bool update(const standing& now, const gossip& others);

  /// Of the leader that said it is active.
  const ballot_num& active_ballot() const { return active_ballot_; }
  /// As update() chose; empty before.
  const role_id& current() const { return current_; }

private:
  const member& able_replica(const configuration& config, std::size_t nearest, const standing& now,
                             const gossip& others) const;

  role_id self_;
  ballot_num active_ballot_;
  role_id current_;
  std::uint64_t called_upon_until_tick_ = 0;
};

} // namespace pmmc
