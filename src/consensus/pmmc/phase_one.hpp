// Phase 1 of a leader's ballot in all configurations that are live (paper, figure 7; section 4.4).
#pragma once

#include "consensus/pmmc/scout.hpp"
#include "membership/configuration.hpp"

#include <map>
#include <set>

namespace pmmc {

/// Whose scouts are awaited, who has adopted the ballot, and what they told of earlier ballots.
/// Single-threaded.
class phase_one {
public:
  /// A new ballot, or none: nobody is awaited, and nobody has adopted it.
  void clear();
  /// Whether a scout is to be started for `version`: none is awaited, and it has not adopted the
  /// ballot. It then is awaited.
  bool begin(config_version version);
  /// A scout's answer; what it tells of slots of other configurations is left out. Returns whether
  /// it was awaited.
  bool adopt(const adopted& m, const config_history& configurations);
  /// Nothing is asked of it any more.
  void give_up(config_version version) { awaited_.erase(version); }
  /// The paper's pmax of what has been adopted since the last call.
  std::map<slot_num, pvalue> take_pmax();

  bool has_adopted(config_version version) const { return adopted_.contains(version); }
  bool is_awaited(config_version version) const { return awaited_.contains(version); }
  const std::set<config_version>& awaited() const { return awaited_; }

private:
  std::set<config_version> awaited_;
  std::set<config_version> adopted_; ///< only there the leader commands
  std::map<slot_num, pvalue> pmax_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
