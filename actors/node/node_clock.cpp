// What a node has to do with clocks: it hears those of the replicas, and tells the ports of its
// process what most of them say.
#include "node/node_actor.hpp"

#include <algorithm>

namespace pmmc {

void node::expect_clocks() {
  if (known().configurations.empty())
    return;
  std::set<role_id> own;
  for (const auto& role : settings_.roles)
    if (serves_clients(role.kind) && !is_guest(role, settings_.address))
      own.insert(role.id);
  clocks_.set_replicas(known().configurations.latest().state_holders(), std::move(own));
}

/// At each address that it was dialled at: one of them is a member's.
void node::hear_clock(const heartbeat& m) {
  for (const auto& [key, link] : links_)
    if (is_from(key, link, m))
      for (const auto& role : link.roles)
        if (serves_clients(role.kind) && !is_guest(role, link.address))
          clocks_.heard(role.id, m.wall_ms, settings_.clocks().steady_ms);
}

void node::tell_of_clocks(const kv::moment_here& now) {
  if (is_client())
    return;
  if (const auto agreed = clocks_.beat(now))
    for (const auto& watcher : watchers_)
      self_->send(watcher, clock_news{*agreed, now.steady_ms});
}

} // namespace pmmc
