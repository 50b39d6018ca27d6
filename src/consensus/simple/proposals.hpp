// What a server proposes at present: its own commands, each in a slot of its own, and no-ops for
// the slots that nobody finishes (Paxos Made Simple, section 3).
#pragma once

#include "consensus/simple/acceptor.hpp"
#include "consensus/simple/proposer.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace pmmc::simple {

/// ONCE. A command stays with its slot until the value of that slot is known, since a majority may
/// have accepted it without this server knowing. If it is another value, the command can no longer
/// be chosen there, and goes to another slot. So one call of add() gets a command chosen in one
/// slot at the most. Commands are told apart by their bytes. Single-threaded.
class proposals {
public:
  struct settings {
    std::size_t pipeline_slots = 4; ///< own commands in slots at the same time
    std::size_t fill_slots = 64;    ///< no-ops, likewise: all that is open after a crash of all
    std::size_t max_queued = 1024;  ///< own commands that wait; one more is refused
    std::size_t max_queued_bytes = 64 << 20;
    proposer::settings proposing = {};
  };

  proposals(std::shared_ptr<const server_group> servers, settings options, std::uint64_t seed);

  /// Queues a command. Returns false, and does nothing, if there is no room.
  bool add(command own);
  /// Whether a command waits that start_next() could start.
  bool can_start() const { return !queue_.empty() && commands_ < options_.pipeline_slots; }
  bool can_fill() const { return in_slots_.size() - commands_ < options_.fill_slots; }
  /// Proposes the command that waits longest in `slot`, where the `own` server's acceptor may have
  /// promised something. Preconditions: can_start(), nothing is proposed there.
  void start_next(slot_num slot, const acceptor& own);
  /// Proposes a no-op. Preconditions: can_fill(), nothing is proposed there.
  void fill(slot_num slot, const acceptor& own);

  template <class Answer>
  void on(const Answer& m) {
    if (const auto at = in_slots_.find(m.slot); at != in_slots_.end())
      at->second.on(m);
  }
  void on_tick(const acceptor& own);

  /// The value of `slot` is known; call it for each slot. If a command was proposed there and has
  /// lost, it is queued before all others. Returns whether one was proposed there and has won.
  bool settle(slot_num slot, const command& value);
  /// What was chosen in the slots below will not be known. Returns the commands proposed there.
  std::vector<command> abandon_below(slot_num slot);

  std::vector<envelope> take();
  /// What its own proposers got chosen since the last call; they are still there.
  std::vector<chosen> outcomes() const;

  bool contains(slot_num slot) const { return in_slots_.contains(slot); }
  /// One past the highest slot in use here; 0: none.
  slot_num end() const { return in_slots_.empty() ? 0 : in_slots_.rbegin()->first + 1; }
  std::size_t queued() const { return queue_.size(); }
  const std::map<slot_num, proposer>& in_slots() const { return in_slots_; }
  /// Numbers that its proposers took so far.
  std::uint64_t numbers() const { return numbers_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  void start(slot_num slot, command value, const acceptor& own);
  void begin(proposer& p, const acceptor& own);

  std::shared_ptr<const server_group> servers_;
  settings options_;
  random_source random_;
  std::deque<command> queue_;
  std::size_t queued_bytes_ = 0;
  std::map<slot_num, proposer> in_slots_;
  std::size_t commands_ = 0; ///< of in_slots_; the others are no-ops
  std::uint64_t numbers_ = 0;
};

} // namespace pmmc::simple
