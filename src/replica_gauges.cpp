// What a replica tells about itself for metrics and health checks, and how it finds out that the
// state of another one is not the same (S1).
#include "replica.hpp"

#include <algorithm>

namespace pmmc {

replica_gauges replica::gauges() const {
  replica_gauges g;
  g.window = state_->window();
  g.pending_requests = pending_.size();
  g.pending_bytes = pending_bytes_;
  g.queued_requests = requests_.size();
  g.waiting_reads = queries_waiting_;
  g.proposals = proposals_.size();
  const auto known = highest_known_slot();
  const auto& latest = state_->configurations().latest();
  g.diverged = static_cast<std::size_t>(
      std::count_if(diverged_.begin(), diverged_.end(),
                    [&](const role_id& id) { return latest.has_replica(id); }));
  g.lag = known > slot_out() ? known - slot_out() : 0;
  g.fetching_snapshot = fetching_.has_value();
  const auto configs = state_->configurations().from(slot_out());
  g.pending_configurations = configs.size() - 1;
  g.is_member = std::any_of(configs.begin(), configs.end(),
                            [&](const configuration* c) { return c->has_replica(options_.id); });
  const auto& in_force = *configs.front();
  for (const auto& acceptor : in_force.acceptors)
    g.acceptors_heard += heard_lately(acceptor.id);
  // Nobody presents the acceptors to a replica that is no member.
  if (g.is_member && (g.acceptors_heard < in_force.quorum() || active_ballot_.is_bottom()))
    g.trouble = why_stalled();
  return g;
}

/// A fingerprint may cost as much as the sessions are large, so there is one now and then only.
void replica::note_checkpoint() {
  constexpr std::size_t most_kept = 8;
  if (slot_out() % options_.checkpoint_slots != 0)
    return;
  checkpoints_.push_back({slot_out(), state_->fingerprint()});
  if (checkpoints_.size() > most_kept)
    checkpoints_.pop_front();
  for (const auto& [id, news] : peers_)
    compare_checkpoint(id, news.state.checkpoint);
}

void replica::compare_checkpoint(const role_id& peer, const state_checkpoint& its) {
  for (const auto& own : checkpoints_)
    if (own.slot == its.slot && own.fingerprint != its.fingerprint)
      diverged_.insert(peer);
    else if (own.slot == its.slot)
      diverged_.erase(peer);
}

} // namespace pmmc
