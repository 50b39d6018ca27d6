// What a replica does when the set of processes changes (paper, section 4.4;
// docs/RECONFIGURATION.md).
#include "consensus/pmmc/replica.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

const config_history& replica::known_configurations() const {
  const auto& own = state_->configurations();
  return !learned_.empty() && learned_.latest().version > own.latest().version ? learned_ : own;
}

config_version replica::live_from() const {
  return state_->configurations().from(std::min(watermark_, slot_out())).front()->version;
}

void replica::learn(const config_history& known) {
  if (!known.empty() && known.latest().version > known_version())
    learned_ = known;
}

/// Everybody of the configurations that are live, or are said to be, but this replica.
std::set<role_id> replica::contacts(std::initializer_list<role_kind> kinds) const {
  std::set<role_id> ids;
  const auto add = [&](const configuration& config) {
    for (const auto kind : kinds)
      for (const auto& m : config.members(kind))
        ids.insert(m.id);
  };
  for (const auto* config : state_->configurations().from(std::min(watermark_, slot_out())))
    add(*config);
  add(known_configurations().latest());
  ids.erase(options_.id);
  return ids;
}

/// Without requests, no-ops bring a new configuration into force, and one more shows that it works.
void replica::fill_to_boundary() {
  const auto boundary = state_->configurations().latest().first_slot;
  if (boundary < slot_out() || boundary == 1)
    return;
  for (; slot_in_ <= boundary && slot_in_ < slot_out() + state_->window() && proposals_.may_fill();
       ++slot_in_)
    if (!decisions_.contains(slot_in_) && !proposals_.contains(slot_in_))
      propose_in(slot_in_, {});
}

} // namespace pmmc
