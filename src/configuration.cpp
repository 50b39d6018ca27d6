#include "configuration.hpp"

#include "invariant.hpp"

#include <algorithm>
#include <limits>

namespace pmmc {

std::size_t configuration::durable_replicas() const {
  return std::min(tolerated_failures() + 1, replicas.size());
}

bool configuration::has_acceptor(const role_id& id) const {
  return std::any_of(acceptors.begin(), acceptors.end(),
                     [&](const member& m) { return m.id == id; });
}

std::string_view configuration::address_of(const role_id& id) const {
  for (const auto* members : {&acceptors, &leaders, &replicas})
    for (const auto& m : *members)
      if (m.id == id)
        return m.address;
  return {};
}

std::vector<role_id> ids_of(const std::vector<member>& members) {
  std::vector<role_id> ids;
  ids.reserve(members.size());
  for (const auto& m : members)
    ids.push_back(m.id);
  return ids;
}

void config_history::add(configuration next) {
  PMMC_INVARIANT(by_first_slot_.empty() ||
                     (next.version > latest().version && next.first_slot > latest().first_slot),
                 "F1: configurations follow each other in slots and versions");
  auto first_slot = next.first_slot;
  by_first_slot_.emplace(first_slot, std::move(next));
}

const configuration& config_history::for_slot(slot_num slot) const {
  auto it = by_first_slot_.upper_bound(slot);
  PMMC_INVARIANT(it != by_first_slot_.begin(), "F1: every slot has a configuration");
  return std::prev(it)->second;
}

const configuration* config_history::find(config_version version) const {
  for (const auto& [first_slot, config] : by_first_slot_)
    if (config.version == version)
      return &config;
  return nullptr;
}

slot_num config_history::end_of(config_version version) const {
  for (auto it = by_first_slot_.begin(); it != by_first_slot_.end(); ++it)
    if (it->second.version == version)
      return std::next(it) == by_first_slot_.end() ? std::numeric_limits<slot_num>::max()
                                                   : std::next(it)->first;
  return 0;
}

} // namespace pmmc
