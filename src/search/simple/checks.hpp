// What Paxos Made Simple promises, and what engine `simple` adds (forgetting, snapshots), as rules
// over facts. The core is looked at, and asked for nothing that it concludes.
#pragma once

#include "search/server_universe.hpp"
#include "search/simple/contents.hpp"
#include "search/simple/server_process.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pmmc::simple::search {

struct server_fact {
  unsigned number = 0;
  std::size_t servers = 0; ///< of the cluster
  std::string broken;      ///< what is wrong with it as such
  // durable
  acceptor_state disk;
  slot_num snapshot = 1; ///< reflects all slots below
  unsigned asked = 0;    ///< commands
  // in memory
  std::vector<chosen> known; ///< what it would tell of
  slot_num known_from = 1;   ///< it no longer has the values of slots below
  slot_num slot_out = 1;
  std::vector<role_contents::attempt> attempts;
  std::optional<role_contents::probe_round> probes;

  /// In a slot at or above `disk.min`; nullptr: none.
  const acceptor_state::vote* vote(slot_num slot) const;
  bool knows(slot_num slot) const;
  /// What it does in a slot with this number; nullptr: nothing.
  const role_contents::attempt* attempt(slot_num slot, proposal_number number) const;
};

server_fact fact_of(const server_process& p);

/// What a state remembers of those before it: an acceptor keeps only the last of its votes.
struct history {
  /// A proposal that was accepted, and may still come to be chosen.
  struct votes {
    proposal_number number;
    command value;
    server_bits acceptors = 0;

    friend bool operator==(const votes&, const votes&) = default;
  };
  struct instance {
    std::optional<command> chosen;
    std::vector<votes> open; ///< by number

    friend bool operator==(const instance&, const instance&) = default;
  };

  std::vector<instance> slots; ///< from slot 1 on

  const command* chosen_in(slot_num slot) const;
  /// The last slot with a chosen value; 0: none.
  slot_num last_chosen() const;
};

void put(byte_writer& out, const history& h);

/// Takes in what `now` shows: a value is chosen when a majority has accepted one proposal with it
/// (section 2.2). One value a slot, one slot a command, one value a number; and a server takes a
/// value for chosen only if it is.
pmmc::search::history_news take_in(history& h, const server_fact& now);

/// The proposals that can no longer be chosen, or would change nothing: a bit for each, in the
/// order of slots and numbers.
std::uint32_t settled_proposals(const history& h, std::span<const server_fact* const> servers);
void forget(history& h, std::uint32_t settled);

/// Of one server's step: promises are kept (P1a), and what is answered is durable and complete.
std::string broken_invariant(const server_process& before, const step_outcome& out);

/// L3: whether `what` has the number of another proposal among `sent`.
bool has_number_of_another(std::span<const envelope* const> sent, const accept& what);

/// Of a state that a step of `changed` has led to: a chosen value is durable at a majority and was
/// proposed; nothing is forgotten that somebody needs.
std::string broken_invariant(std::span<const server_fact* const> servers, const history& h,
                             unsigned changed);

} // namespace pmmc::simple::search
