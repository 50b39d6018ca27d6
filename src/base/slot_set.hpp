// A set of slots that are mostly neighbours, as runs.
#pragma once

#include "base/types.hpp"

#include <iterator>
#include <map>

namespace pmmc {

class slot_set {
public:
  bool contains(slot_num slot) const {
    const auto after = runs_.upper_bound(slot);
    return after != runs_.begin() && slot < std::prev(after)->second;
  }

  void insert(slot_num slot) {
    if (contains(slot))
      return;
    auto end = slot + 1;
    if (const auto next = runs_.find(end); next != runs_.end()) {
      end = next->second;
      runs_.erase(next);
    }
    const auto after = runs_.upper_bound(slot);
    if (after != runs_.begin() && std::prev(after)->second == slot)
      std::prev(after)->second = end;
    else
      runs_.emplace(slot, end);
  }

  void erase_below(slot_num slot) {
    while (!runs_.empty() && runs_.begin()->first < slot) {
      const auto end = runs_.begin()->second;
      runs_.erase(runs_.begin());
      if (end > slot)
        runs_.emplace(slot, end);
    }
  }

  void clear() { runs_.clear(); }

  /// Each run's first slot, and the one behind its last.
  const std::map<slot_num, slot_num>& runs() const { return runs_; }

private:
  std::map<slot_num, slot_num> runs_;
};

} // namespace pmmc
