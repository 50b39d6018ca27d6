// Crashes, pauses, and what a test may look at.
#include "scenarios/cluster.hpp"
#include "scenarios/counter_machine.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

namespace pmmc::test {

namespace {

bool same(const acceptor_state& a, const acceptor_state& b) {
  const auto same_votes = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.ballot == y.second.ballot &&
           x.second.accepted == y.second.accepted;
  };
  return a.watermark == b.watermark &&
         std::equal(a.by_version.begin(), a.by_version.end(), b.by_version.begin(),
                    b.by_version.end(), same_votes);
}

} // namespace

void cluster::crash(const role_id& id) {
  if (const auto a = acceptors_.find(id); a != acceptors_.end() && a->second.role)
    checker::demand(same(a->second.role->state(), a->second.durable),
                    "D1: an acceptor knows something that is not durable");
  vanish(id);
}

void cluster::vanish(const role_id& id) {
  paused_.erase(id);
  if (auto a = acceptors_.find(id); a != acceptors_.end()) {
    a->second.role.reset();
  } else if (auto l = leaders_.find(id); l != leaders_.end()) {
    l->second = leader_host{.free_seqnum = l->second.free_seqnum,
                            .life = l->second.life + 1,
                            .known = l->second.known,
                            .role = {},
                            .scouts = {},
                            .commanders = {},
                            .news = {}};
  } else {
    auto& h = replicas_.at(id);
    h.role.reset();
    h.saving.reset();
    h.fetched.clear();
    checker_.forget(id);
  }
}

void cluster::restart(const role_id& id) {
  doomed_.erase(id);
  if (is_up(id) || switched_off_.contains(id))
    return;
  if (auto a = acceptors_.find(id); a != acceptors_.end()) {
    auto& h = a->second;
    h.role.emplace(acceptor::settings{id, options_.page_bytes}, h.durable,
                   options_.remember_configurations ? h.known : config_history{});
    checker::demand(same(h.role->state(), h.durable), "D2: recovered what was acknowledged");
  } else if (auto l = leaders_.find(id); l != leaders_.end()) {
    auto settings = options_.leader;
    settings.id = id;
    settings.seed = random_.next();
    settings.window = options_.window;
    const bool knows = options_.remember_configurations && !l->second.known.empty();
    l->second.role.emplace(settings, l->second.free_seqnum,
                           knows ? l->second.known : config_history{config_});
    settle(id, l->second);
  } else {
    auto& h = replicas_.at(id);
    auto settings = options_.replica;
    settings.id = id;
    settings.seed = random_.next();
    auto state = empty_state();
    if (h.snapshot_slot != 0) {
      std::istringstream in{h.snapshot};
      state->read(in);
    }
    h.role.emplace(settings, std::move(state), h.snapshot_slot != 0);
    settle(id, h);
  }
}

void cluster::join(const role_id& id) {
  switched_off_.erase(id);
  switch (id.view().front()) {
  case 'a':
    acceptors_.try_emplace(id);
    break;
  case 'l':
    leaders_.try_emplace(id);
    break;
  default:
    replicas_.try_emplace(id);
  }
  restart(id);
}

void cluster::switch_off(const role_id& id) {
  crash(id);
  switched_off_.insert(id);
}

void cluster::wipe(const role_id& replica) {
  switch_off(replica);
  replicas_.at(replica) = {};
  checker_.lost(replica);
}

void cluster::resume(const role_id& id) {
  if (auto woken = paused_.extract(id); !woken.empty())
    std::move(woken.mapped().begin(), woken.mapped().end(), std::back_inserter(pool_));
}

bool cluster::is_up(const role_id& id) const {
  if (auto a = acceptors_.find(id); a != acceptors_.end())
    return a->second.role.has_value();
  if (auto l = leaders_.find(id); l != leaders_.end())
    return l->second.role.has_value();
  return replicas_.at(id).role.has_value();
}

void cluster::announce_down(const role_id& id) {
  for (auto& [other, h] : leaders_)
    if (h.role && other != id && !paused_.contains(other)) {
      h.role->on_peer_down(id);
      settle(other, h);
    }
  for (auto& [other, h] : replicas_)
    if (h.role && other != id && !paused_.contains(other)) {
      h.role->on_peer_down(id);
      settle(other, h);
    }
}

std::vector<role_id> cluster::active_leaders() const {
  std::vector<role_id> active;
  for (const auto& [id, h] : leaders_)
    if (h.role && h.role->is_active())
      active.push_back(id);
  return active;
}

std::vector<role_id> cluster::roles() const {
  std::vector<role_id> ids;
  const auto add = [&](const auto& hosts) {
    for (const auto& [id, h] : hosts)
      if (!switched_off_.contains(id))
        ids.push_back(id);
  };
  add(acceptors_);
  add(leaders_);
  add(replicas_);
  return ids;
}

} // namespace pmmc::test
