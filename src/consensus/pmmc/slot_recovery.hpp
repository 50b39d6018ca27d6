// What an active leader looks up below the slots of its phase 1 (docs/ARCHITECTURE.md, "Phase 1
// covers what is needed").
#pragma once

#include "base/types.hpp"

#include <functional>
#include <map>
#include <optional>

namespace pmmc {

/// What replicas proposed there, and the one scout that looks at such slots. Single-threaded.
class slot_recovery {
public:
  explicit slot_recovery(std::size_t most_wanted) : most_wanted_(most_wanted) {}

  /// A replica proposed `value`. Beyond `most_wanted` it is left out: the replica proposes again.
  void want(slot_num slot, const command& value);
  void forget_if(const std::function<bool(slot_num)>& is_settled);
  /// The lowest slot that is wanted, if no scout is under way.
  std::optional<slot_num> next() const;
  /// A scout looks at `from` and slots behind it.
  void begin(slot_num from) { from_ = from; }
  /// Whether the scout that began at `from` is under way.
  bool is_at(slot_num from) const { return from_ == from; }
  /// It has looked at all slots below `to`: returns what was wanted among them.
  std::map<slot_num, command> finish(slot_num to);
  /// Slots below are collected. Returns where the scout began that is to be stopped, if it is.
  std::optional<slot_num> forget_below(slot_num slot);
  /// Out of office.
  void clear();

private:
  std::size_t most_wanted_;
  std::optional<slot_num> from_;
  std::map<slot_num, command> wanted_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
