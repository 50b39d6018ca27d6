// What a replica tells about itself for metrics and health checks.
#include "consensus/pmmc/replica.hpp"

#include <algorithm>

namespace pmmc {

replica_gauges replica::gauges() const {
  replica_gauges g;
  g.window = state_->window();
  g.pending_requests = desk_.queue().size();
  g.pending_bytes = desk_.queue().bytes();
  g.queued_requests = desk_.queue().queued();
  g.waiting_reads = reads_.waiting();
  g.proposals = proposals_.size();
  const auto known = highest_known_slot();
  g.lag = known > slot_out() ? known - slot_out() : 0;
  g.differing_replicas = differing().size();
  g.fetching_snapshot = fetch_.is_under_way();
  const auto configs = state_->configurations().from(slot_out());
  g.pending_configurations = configs.size() - 1;
  g.is_member = std::any_of(configs.begin(), configs.end(),
                            [&](const configuration* c) { return c->has_replica(options_.id); });
  const auto& in_force = *configs.front();
  for (const auto& acceptor : in_force.acceptors)
    g.voters_heard += gossip_.is_heard(acceptor.id, tick_);
  // Nobody presents the acceptors to a replica that is no member.
  if (g.is_member && (g.voters_heard < in_force.quorum() || active_ballot().is_bottom()))
    g.trouble = why_stalled();
  return g;
}

} // namespace pmmc
