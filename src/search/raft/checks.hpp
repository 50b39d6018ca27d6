// Raft's five properties (Raft paper, figure 3) and what section 6 promises of the servers, as
// rules over facts. The core is looked at, and asked for nothing that it concludes.
#pragma once

#include "search/raft/names.hpp"
#include "search/raft/scope.hpp"
#include "search/raft/server_process.hpp"
#include "search/server_universe.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pmmc::raft::search {

/// What a log holds. Entries are told apart by their terms and a hash.
struct log_fact {
  struct item {
    term_num term = 0;
    std::uint64_t what = 0;

    friend bool operator==(const item&, const item&) = default;
  };

  position base;
  std::vector<item> items; ///< behind base

  slot_num last() const { return base.index + items.size(); }
  /// Precondition: base.index < index <= last().
  const item& at(slot_num index) const { return items[index - base.index - 1]; }
  /// Whether an entry of `term` stands there, or may have stood there: it lies below base.
  bool may_hold(slot_num index, term_num term) const;
};

struct server_fact {
  unsigned number = 0;
  consensus::state state = consensus::state::follower;
  term_num term = 0;
  slot_num commit = 0;
  log_fact log;
  server_bits voters = 0; ///< by its log: C-new, or the only set
  server_bits outgoing = 0;
  std::string broken; ///< what is wrong with its log as such
  std::uint32_t may_lead =
      0;                 ///< terms (a bit for each) that it does not lead, and may come to lead
  unsigned to_write = 0; ///< records that are on their way to its disk
  // durable
  term_num disk_term = 0;
  bool disk_has_voted = false;
  log_fact disk_log;
  // of a leader, by server
  std::array<slot_num, most_servers> match{};
  std::array<std::uint64_t, most_servers> round{};
};

server_fact fact_of(const server_process& p);

/// What a state remembers of those before it: nobody forgets what is committed, though a server
/// that crashes does not know it any more.
struct history {
  struct committed_entry {
    term_num term = 0;
    term_num committed_in = 0; ///< the term of the leader that did it

    friend bool operator==(const committed_entry&, const committed_entry&) = default;
  };

  std::vector<committed_entry> committed;             ///< from index 1 on
  std::array<std::uint8_t, most_terms + 1> leaders{}; ///< by term: 0, or the number + 1

  friend bool operator==(const history&, const history&) = default;
};

void put(byte_writer& out, const history& h);

/// Takes in what `now` shows. Election Safety, State Machine Safety, Leader Completeness.
pmmc::search::history_news take_in(history& h, const server_fact& now);

/// Forgets who led a term that nobody can come to lead any more; `may_be_led` as in server_fact.
void forget_leaders(history& h, std::uint32_t may_be_led);

/// Log Matching of `changed` and all others.
std::string broken_invariant(std::span<const server_fact* const> servers, unsigned changed);

/// What was committed by `by` from index `from` on is on the disks of a majority of each set that
/// decides.
std::string broken_durability(std::span<const server_fact* const> servers, const history& h,
                              const server_fact& by, slot_num from);

/// Of one server's step: Leader Append-Only, and that a change begins and goes on when it may.
std::string broken_invariant(const server_process& before, const server_process& after);

} // namespace pmmc::raft::search
