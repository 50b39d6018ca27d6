// The invariants of docs/ARCHITECTURE.md for phase 1 and 2, as sentences about a state: which
// messages have been sent, and what the acceptors and leaders hold durably. Nothing here calls a
// role; the messages sent so far are the whole history, so every sentence is about one state.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/pmmc/acceptor.hpp"
#include "membership/configuration.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::search {

/// What the checks need of a message, an acceptor or a leader, as small numbers. Ballots are ranks:
/// 0 is ⊥, and a higher ballot has a higher rank.
using ballot_rank = std::uint32_t;

struct value_fact {
  slot_num slot = 0;
  ballot_rank ballot = 0;
  std::uint64_t value = 0; ///< a hash of the command
};

struct message_fact {
  enum class kind : std::uint8_t { other, p1a, p1b, p2a, p2b, decision, announcement };
  kind what = kind::other;
  unsigned acceptor = 0; ///< the sender's number
  unsigned leader = 0;
  config_version version = 0;
  ballot_rank asked = 0;    ///< p1a, p2a: the ballot
  ballot_rank ballot = 0;   ///< p1b, p2b: the acceptor's
  std::uint64_t seqnum = 0; ///< p1a
  slot_num slot = 0;
  slot_num from_slot = 0;
  slot_num next_slot = 0;
  slot_num watermark = 0;
  std::uint64_t value = 0;
  std::vector<value_fact> accepted;
};

struct acceptor_fact {
  struct version_fact {
    config_version version = 0;
    ballot_rank promised = 0;
    std::vector<value_fact> accepted; ///< by slot
  };
  unsigned number = 0;
  slot_num watermark = 0;
  std::vector<version_fact> versions;
};

struct leader_fact {
  unsigned number = 0;
  std::uint64_t durable_seqnum = 0;
};

ballot_rank rank(const ballot_num& b);
message_fact fact_of(const envelope& e);
acceptor_fact fact_of(unsigned number, const acceptor_state& durable);

/// A state as the checks see it.
struct state_facts {
  std::vector<const message_fact*> sent;
  std::vector<const acceptor_fact*> acceptors; ///< durable state
  std::vector<const leader_fact*> leaders;
};

/// What makes a majority in each version, and which slots it governs.
struct version_table {
  struct version_members {
    config_version version = 0;
    slot_num first_slot = 1;
    std::uint32_t acceptors = 0; ///< a bit for each number
    slot_num decided_in = 0; ///< it is there once the one before is, and this slot was decided so
    std::uint64_t decided_as = 0;
  };
  std::vector<version_members> versions; ///< by first_slot

  std::uint32_t members(config_version version) const;
  /// F1: the version that governs `slot` after the decisions among `sent`.
  config_version governing(slot_num slot, const std::vector<const message_fact*>& sent) const;
  /// `changes`: the command decided in slot 1 is to bring the second configuration, and so on.
  static version_table of(const std::vector<configuration>& configs,
                          const std::vector<command>& changes = {});
};

/// The invariant that the state breaks, with its name, or "".
/// A5, C1, L3, L4, F2, R1, and D1 and D2 for what acceptors have told.
std::string broken_invariant(const state_facts& state, const version_table& members);

/// The same for one step of an acceptor: A1, A2, A3, A4. `sent`: what it answered.
std::string broken_invariant(const acceptor_fact& before, const acceptor_fact& after,
                             const std::vector<message_fact>& sent);

/// C2 for a p2a that is sent now for the first time: it respects what a majority answered in
/// phase 1.
std::string broken_invariant_of_proposal(const std::vector<const message_fact*>& sent_before,
                                         const message_fact& p2a, const version_table& members);

/// L3 for a leader that has just sent `p1a`s for a ballot: no earlier message is of that ballot.
std::string broken_invariant_of_run(const std::vector<const message_fact*>& sent_before,
                                    const message_fact& first_p1a);

} // namespace pmmc::search
