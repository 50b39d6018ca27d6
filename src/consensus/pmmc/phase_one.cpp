#include "consensus/pmmc/phase_one.hpp"

#include <utility>

namespace pmmc {

void phase_one::clear() {
  awaited_.clear();
  adopted_.clear();
  pmax_.clear();
}

bool phase_one::begin(config_version version) {
  return !adopted_.contains(version) && awaited_.insert(version).second;
}

bool phase_one::adopt(const adopted& m, const config_history& configurations) {
  if (awaited_.erase(m.version) == 0)
    return false;
  adopted_.insert(m.version);
  for (const auto& [slot, p] : m.pvalues)
    if (configurations.for_slot(slot).version == m.version)
      pmax_.insert_or_assign(slot, p);
  return true;
}

std::map<slot_num, pvalue> phase_one::take_pmax() { return std::exchange(pmax_, {}); }

} // namespace pmmc
