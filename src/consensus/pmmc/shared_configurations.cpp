#include "consensus/pmmc/shared_configurations.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace pmmc {

void shared_configurations::replace(config_history history) {
  history_ = std::move(history);
  std::map<config_version, std::shared_ptr<const configuration>> shared;
  for (const auto& [first_slot, config] : history_.all()) {
    const auto known = by_version_.find(config.version);
    shared.emplace(config.version, known != by_version_.end()
                                       ? known->second
                                       : std::make_shared<const configuration>(config));
  }
  by_version_ = std::move(shared);
}

std::vector<std::shared_ptr<const configuration>> shared_configurations::from(slot_num slot) const {
  std::vector<std::shared_ptr<const configuration>> found;
  for (const auto* config : history_.from(slot))
    found.push_back(by_version_.at(config->version));
  return found;
}

bool shared_configurations::has_acceptor_from(slot_num slot, const role_id& id) const {
  const auto live = history_.from(slot);
  return std::any_of(live.begin(), live.end(), [&](const auto* c) { return c->has_acceptor(id); });
}

bool shared_configurations::may_lead(const configuration& config) const {
  return latest().has_leader(leader_) || config.has_leader(leader_);
}

bool shared_configurations::may_lead_from(slot_num slot) const {
  const auto live = history_.from(slot);
  return std::any_of(live.begin(), live.end(), [&](const auto* c) { return may_lead(*c); });
}

bool shared_configurations::has_replica(const role_id& id, slot_num slot) const {
  return latest().has_replica(id) || history_.for_slot(slot).has_replica(id);
}

std::vector<role_id> shared_configurations::learners_of(slot_num slot) const {
  const auto& own = history_.for_slot(slot);
  if (own.version == latest().version)
    return {};
  std::set<role_id> later;
  for (const auto* config : history_.from(slot))
    for (const auto& replica : config->replicas)
      if (!own.has_replica(replica.id))
        later.insert(replica.id);
  return {later.begin(), later.end()};
}

} // namespace pmmc
