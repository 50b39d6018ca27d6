// What a replica, or a server of another engine, knows of the other processes by their pings and
// pongs (paper, sections 3 and 4.2).
#pragma once

#include "consensus/messages.hpp"
#include "membership/configuration.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// The latest vitals of everybody who was heard. Whether somebody is heard "lately" is asked with
/// the present tick. Single-threaded.
class gossip {
public:
  /// Who is not heard for more than `silent_ticks` counts as gone.
  gossip(role_id self, unsigned silent_ticks) : self_(self), silent_ticks_(silent_ticks) {}

  /// `peer` told this of itself. `is_far_behind`: too far to assign slots, as things stand now.
  void hear(const role_id& peer, const vitals& told, bool is_far_behind, std::uint64_t tick) {
    news_[peer] = {tick, told, is_far_behind};
  }
  /// Its connection is broken.
  void forget(const role_id& peer) { news_.erase(peer); }
  /// The number of the next ping.
  std::uint64_t next_ping() { return ++ping_number_; }

  /// What `peer` said last of the state that it holds, if it holds one.
  std::optional<state_vitals> find(const role_id& peer) const;
  /// All that `peer` said last, if a role of this kind says such things; else nullptr.
  template <class Kind>
  const Kind* told_by(const role_id& peer) const {
    const auto it = news_.find(peer);
    return it == news_.end() ? nullptr : std::get_if<Kind>(&it->second.told);
  }
  /// Always true of this one itself.
  bool is_heard(const role_id& peer, std::uint64_t tick) const;
  /// Whether it was far behind when it was heard last.
  bool is_far_behind(const role_id& peer) const;

  /// Slots below are known to be in use somewhere: accepted, decided or performed.
  slot_num highest_slot_end() const;
  /// Who is heard lately, this one aside, and has performed `slot`.
  std::vector<role_id> who_performed(slot_num slot, std::uint64_t tick) const;
  /// Those of them that hold the state in any configuration in `known`: for one that joins, these
  /// may be of configurations between the first and the latest one.
  std::vector<role_id> replicas_ahead(slot_num slot, const config_history& known,
                                      std::uint64_t tick) const;
  /// The least slot_out of those of `peers` that are heard lately, or `own`, if that is less.
  slot_num least_slot_out(const std::set<role_id>& peers, slot_num own, std::uint64_t tick) const;
  /// G1: f + 1 of those who hold the state in `config` hold all slots below durably; this one those
  /// below `own`.
  slot_num durable_slot(const configuration& config, slot_num own) const;
  /// Why nothing may be decided in `config` at present, for people: how many of those who decide
  /// are heard, and which ones are not; likewise of those `to_come` that lack a majority, as no
  /// leader comes to office without one.
  std::string quorum_text(const configuration& config, std::uint64_t tick,
                          const std::vector<const configuration*>& to_come = {}) const;

private:
  bool has_quorum(const configuration& config, std::uint64_t tick) const;
  std::string voters_text(const configuration& config, std::uint64_t tick) const;

  struct news {
    std::uint64_t heard_tick = 0;
    vitals told;
    bool is_far_behind = false;
  };

  bool is_recent(const news& n, std::uint64_t tick) const {
    return n.heard_tick + silent_ticks_ >= tick;
  }

  role_id self_;
  unsigned silent_ticks_;
  std::map<role_id, news> news_;
  std::uint64_t ping_number_ = 0;
};

} // namespace pmmc
