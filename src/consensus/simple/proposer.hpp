// The proposer of Paxos Made Simple (section 2.2) in one slot.
#pragma once

#include "consensus/simple/backoff.hpp"
#include "consensus/simple/messages.hpp"
#include "consensus/simple/server_group.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace pmmc::simple {

/// Tries one number after the other until a value is chosen, its own or another one. Single-
/// threaded. Sends again on ticks; once it has an outcome it sends no more.
///
/// RESTART. A number must never be used again with another value (L3), and a proposer remembers
/// nothing: the paper's "highest-numbered proposal it has tried to issue" (section 2.5) is what its
/// own server's acceptor has promised. That is enough because
///  1. each number is above that promise, so that the own acceptor does promise it;
///  2. the own acceptor is asked together with the others, so that its promise is in the same
///     `persist` as their prepares are in `send`: durable before the first of them leaves.
/// After a restart the promise is at or above every number that anybody has seen, whether or not a
/// majority without the own acceptor went on to accept it. server_core asserts it.
class proposer {
public:
  struct settings {
    unsigned resend_ticks = 20;
    backoff::limits wait = {};
  };

  /// Does nothing until begin().
  proposer(std::shared_ptr<const server_group> servers, slot_num slot, command own,
           settings options, std::uint64_t seed);

  /// Whether to begin, as it has no number at present and has waited for long enough.
  bool is_due() const { return phase_ == phase::waiting && wait_ticks_ == 0; }
  /// Takes a number above all that it has seen, and above `promised`, which is that of the own
  /// server's acceptor in this slot; asks for promises.
  void begin(const number_or_none& promised);

  void on(const promise& m);
  void on(const accepted& m);
  void on(const reject& m);
  void on_tick();

  std::vector<envelope> take();
  /// A majority has accepted this value; set once.
  const std::optional<command>& outcome() const { return outcome_; }
  slot_num slot() const { return slot_; }
  const command& own() const { return own_; }
  /// The one in use, or used last.
  const number_or_none& number() const { return number_; }

private:
  friend struct role_contents; // search/simple/contents.cpp

  enum class phase { waiting, preparing, accepting, over };

  bool counts(phase now, const role_id& acceptor, proposal_number number);
  void ask();

  std::shared_ptr<const server_group> servers_;
  slot_num slot_;
  command own_;
  settings options_;
  backoff backoff_;
  phase phase_ = phase::waiting;
  unsigned ticks_ = 0;      ///< in this phase
  unsigned wait_ticks_ = 0; ///< still to wait
  number_or_none number_;
  number_or_none seen_;             ///< the highest, of anybody
  std::set<role_id> answered_;      ///< acceptors, in this phase
  std::optional<proposal> highest_; ///< phase 1: among the answers
  command value_;                   ///< phase 2
  std::optional<command> outcome_;
  std::vector<envelope> send_;
};

} // namespace pmmc::simple
