#include "consensus/pmmc/proposer_choice.hpp"

#include <algorithm>

namespace pmmc {

bool proposer_choice::set_active(const ballot_num& ballot) {
  if (ballot == active_ballot_)
    return false;
  active_ballot_ = ballot;
  return true;
}

role_id proposer_choice::choose(const standing& now, const gossip& others) const {
  if (now.tick < called_upon_until_tick_)
    return self_;
  const auto& config = now.configurations.for_slot(now.slot_out);
  const member* leader = nullptr;
  std::size_t place = 0;
  for (const auto* c : now.configurations.from(now.slot_out))
    if (const auto* found = c->find(role_kind::leader, active_ballot_.leader)) {
      leader = found;
      place = static_cast<std::size_t>(found - c->leaders.data());
    }
  if (leader == nullptr)
    return self_;
  const auto neighbour =
      std::find_if(config.replicas.begin(), config.replicas.end(),
                   [&](const member& m) { return m.address == leader->address; });
  if (neighbour != config.replicas.end())
    place = static_cast<std::size_t>(neighbour - config.replicas.begin());
  const auto& nearest = able_replica(config, place % config.replicas.size(), now, others);
  const auto* told = others.told_by<replica_vitals>(nearest.id);
  const bool is_able = told != nullptr && others.is_heard(nearest.id, now.tick) &&
                       told->active_ballot.leader == active_ballot_.leader;
  return is_able ? nearest.id : self_;
}

/// One that is far behind (it restarted, say) can assign only slots that were decided long ago.
const member& proposer_choice::able_replica(const configuration& config, std::size_t nearest,
                                            const standing& now, const gossip& others) const {
  for (std::size_t i = 0; i < config.replicas.size(); ++i) {
    const auto& next = config.replicas[(nearest + i) % config.replicas.size()];
    if (!(next.id == self_ ? now.is_far_behind : others.is_far_behind(next.id)))
      return next;
  }
  return config.replicas[nearest];
}

bool proposer_choice::update(const standing& now, const gossip& others) {
  const auto chosen = choose(now, others);
  if (chosen == current_)
    return false;
  current_ = chosen;
  return true;
}

} // namespace pmmc
