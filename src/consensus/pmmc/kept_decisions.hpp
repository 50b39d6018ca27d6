// The decisions that a role remembers for those that have not heard of them (paper: `decisions`).
#pragma once

#include "base/types.hpp"

#include <cstddef>
#include <map>
#include <vector>

namespace pmmc {

/// By slot, and how many bytes they have. Single-threaded.
class kept_decisions {
public:
  /// Invariant R1: one decision per slot. Returns whether it was not known.
  bool add(slot_num slot, const command& value);
  const command* find(slot_num slot) const;
  bool contains(slot_num slot) const { return by_slot_.contains(slot); }
  /// Those of `from` and the slots behind it, up to the first that is missing, but none from `end`
  /// on, and about `most_bytes` at the most.
  std::vector<command> page(slot_num from, slot_num end, std::size_t most_bytes) const;

  /// Precondition: not empty.
  slot_num first_slot() const { return by_slot_.begin()->first; }
  void forget_first();
  void forget_below(slot_num slot);

  bool empty() const { return by_slot_.empty(); }
  std::size_t size() const { return by_slot_.size(); }
  std::size_t bytes() const { return bytes_; }
  const std::map<slot_num, command>& by_slot() const { return by_slot_; }

private:
  std::map<slot_num, command> by_slot_;
  std::size_t bytes_ = 0;
};

} // namespace pmmc
