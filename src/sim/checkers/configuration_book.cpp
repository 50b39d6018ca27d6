#include "sim/checkers/configuration_book.hpp"

#include <algorithm>

namespace pmmc::sim {

void configuration_book::add(const configuration& c) {
  known_configuration k;
  k.version = c.version;
  k.first_slot = c.first_slot;
  k.as_decided = c;
  for (const auto& m : c.voters())
    k.acceptors.push_back(number_of_(m.id));
  for (const auto& m : c.state_holders())
    k.replicas.push_back(number_of_(m.id));
  // By the definitions of the paper and of docs/RECONFIGURATION.md, not by the code that is
  // checked.
  k.quorum = k.acceptors.size() / 2 + 1;
  const auto tolerated = (k.acceptors.size() - 1) / 2;
  k.durable_replicas = std::min(tolerated + 1, k.replicas.size());
  by_version_.emplace(k.version, std::move(k));
}

const known_configuration* configuration_book::find(config_version version) const {
  const auto it = by_version_.find(version);
  return it == by_version_.end() ? nullptr : &it->second;
}

const known_configuration& configuration_book::for_slot(slot_num slot) const {
  auto it = by_version_.end();
  do
    --it;
  while (it != by_version_.begin() && it->second.first_slot > slot);
  return it->second;
}

} // namespace pmmc::sim
