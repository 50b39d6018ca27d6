// The learner (Paxos Made Simple, sections 2.3 and 3): the values that were chosen, slot by slot.
#pragma once

#include "consensus/simple/messages.hpp"

#include <cstddef>
#include <map>
#include <vector>

namespace pmmc::simple {

/// Learns in any order, tells in the order of the slots. Keeps what it has told, for others, until
/// it is to forget it. Single-threaded.
class learner {
public:
  /// The values of slots below `start` are in the server's snapshot. What is `window` slots or more
  /// beyond the first unknown slot is not kept: the memory is bounded, and it can be learnt later.
  learner(slot_num start, slot_num window) : window_(window), slot_out_(start), first_(start) {}

  /// `value` was chosen in `slot`. Invariant R1: no other one. Returns whether that is news, and is
  /// kept.
  bool learn(slot_num slot, const command& value);
  /// The server has installed a snapshot that reflects all slots below `slot`.
  void install(slot_num slot);
  /// Precondition: `slot` <= slot_out().
  void forget_below(slot_num slot);

  /// What is new, in the order of the slots and without gaps (R2).
  std::vector<chosen> take();

  const command* find(slot_num slot) const;
  /// The values of `from` and the slots behind it, up to the first that is not known; about
  /// `most_bytes` at the most, but one value at least. Precondition: `from` >= first().
  std::vector<command> page(slot_num from, std::size_t most_bytes) const;

  /// The first slot whose value is not known.
  slot_num slot_out() const { return slot_out_; }
  /// The values of slots below cannot be told.
  slot_num first() const { return first_; }
  /// One past the last slot of which it has heard that a value was chosen.
  slot_num end() const { return end_ > slot_out_ ? end_ : slot_out_; }
  bool has_room_for(slot_num slot) const { return slot - slot_out_ < window_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  void advance();

  slot_num window_;
  slot_num slot_out_;
  slot_num first_;
  slot_num end_ = 0;
  std::map<slot_num, command> values_; ///< from first_ on
  std::vector<chosen> out_;
};

} // namespace pmmc::simple
