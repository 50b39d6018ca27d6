// What the wall clocks of simulated processes say. The time of the run itself is the true one.
#pragma once

#include "membership/configuration.hpp"
#include "sim/scenario.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace pmmc::sim {

class wall_clocks {
public:
  static std::int64_t true_ms(sim_time now) {
    return 1'790'000'000'000 + static_cast<std::int64_t>(now / millisecond);
  }

  /// The clock of a replica's process is so far ahead of the truth.
  void set(const role_id& replica, std::int64_t ahead_ms) { ahead_ms_[replica] = ahead_ms; }
  std::int64_t ahead_ms(const role_id& replica) const {
    const auto it = ahead_ms_.find(replica);
    return it == ahead_ms_.end() ? 0 : it->second;
  }

  /// Takes in how far ahead a majority of a configuration's clocks are.
  void look_at(const config_history& configurations) {
    for (const auto& [first_slot, config] : configurations.all()) {
      std::vector<std::int64_t> ahead;
      for (const auto& r : config.state_holders())
        ahead.push_back(ahead_ms(r.id));
      std::sort(ahead.begin(), ahead.end(), std::greater<>{});
      most_ahead_ms_ = std::max(most_ahead_ms_, ahead[ahead.size() / 2]);
    }
  }
  /// The furthest ahead that any majority's clocks have ever been.
  std::int64_t most_ahead_ms() const { return most_ahead_ms_; }

private:
  std::map<role_id, std::int64_t> ahead_ms_;
  std::int64_t most_ahead_ms_ = 0;
};

} // namespace pmmc::sim
