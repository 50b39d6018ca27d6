// Which slots a leader has commanders for (paper, figure 7).
#pragma once

#include "base/slot_set.hpp"
#include "base/types.hpp"

#include <optional>
#include <set>

namespace pmmc {

/// Commanders are bounded: slots beyond wait, the lowest first. Single-threaded.
class commander_slots {
public:
  explicit commander_slots(std::size_t most_at_work) : most_at_work_(most_at_work) {}

  /// `slot` is to have one as soon as there may be one more.
  void add(slot_num slot) { waiting_.insert(slot); }
  /// The next slot whose commander may start now; it counts as started. C1: at most one a slot.
  std::optional<slot_num> start_next();
  /// The commander of `slot` has its outcome.
  void finished(slot_num slot) { at_work_.erase(slot); }
  /// `slot` needs none any more. Returns whether one is at work, and is to be stopped.
  bool remove(slot_num slot);
  /// All are stopped. What they were started for stays commanded.
  void stop_all();
  /// A new ballot: nothing has been commanded at it.
  void begin_ballot() { commanded_.clear(); }
  /// Slots below are collected: whether they were commanded is not asked any more.
  void forget_below(slot_num slot) { commanded_.erase_below(slot); }

  bool is_at_work(slot_num slot) const { return at_work_.contains(slot); }
  /// At work or waiting.
  bool has(slot_num slot) const { return is_at_work(slot) || waiting_.contains(slot); }
  /// Whether there was a commander for it at this ballot.
  bool was_commanded(slot_num slot) const { return commanded_.contains(slot); }
  const std::set<slot_num>& at_work() const { return at_work_; }
  std::size_t waiting() const { return waiting_.size(); }

private:
  std::size_t most_at_work_;
  slot_set commanded_; ///< at the present ballot
  std::set<slot_num> at_work_;
  std::set<slot_num> waiting_;

  friend struct role_contents; // search/encoding.cpp
};

} // namespace pmmc
