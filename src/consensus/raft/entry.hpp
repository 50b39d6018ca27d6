// What stands in Raft's log: entries, and the sets of servers that vote (Raft paper, sections 5.3
// and 6). D. Ongaro, J. Ousterhout: In Search of an Understandable Consensus Algorithm, extended
// version, 2014. "Thesis": D. Ongaro, Consensus: Bridging Theory and Practice, 2014.
#pragma once

#include "base/types.hpp"
#include "membership/configuration.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace pmmc::raft {

/// 0: before the first election.
using term_num = std::uint64_t;

/// Where an entry stands, and in which term it was put there. {0, 0}: before the first entry. Two
/// entries with the same position are identical (Log Matching). Indexes are slots: the service sees
/// one log, whatever the engine.
struct position {
  slot_num index = 0;
  term_num term = 0;

  friend bool operator==(const position&, const position&) = default;
};

/// The election restriction (5.4.1): of two logs, the one whose last entry has the later term is
/// more up to date; with the same term, the longer one is.
bool is_up_to_date(const position& candidates_last, const position& own_last);

/// The servers that decide. While the set changes (section 6), C-all: those of C-old and those of
/// C-new, and a majority of each is needed.
struct server_set {
  config_version version = 0;   ///< of the configuration that is there, or that is coming
  std::vector<member> servers;  ///< C-new, or the only one
  std::vector<member> outgoing; ///< C-old, while both count; else empty

  bool is_joint() const { return !outgoing.empty(); }
  const member* find(const role_id& id) const;
  bool has(const role_id& id) const { return find(id) != nullptr; }
  /// Of both, each once.
  std::vector<role_id> all() const;
  /// On the wire, about.
  std::size_t size_bytes() const;

  /// Whether those for whom `counts` holds are enough: a majority of each set that votes.
  template <class Predicate>
  bool has_majority(const Predicate& counts) const {
    return is_majority(servers, counts) && (!is_joint() || is_majority(outgoing, counts));
  }

  friend bool operator==(const server_set&, const server_set&) = default;

private:
  template <class Predicate>
  static bool is_majority(const std::vector<member>& of, const Predicate& counts) {
    std::size_t number = 0;
    for (const auto& m : of)
      number += counts(m.id) ? 1 : 0;
    return number > of.size() / 2;
  }
};

/// `members`: from the moment that the entry is in a server's log, these vote, committed or not. An
/// entry may carry a command as well; without either it is the no-op of a new leader.
struct entry {
  term_num term = 0;
  command value;
  std::shared_ptr<const server_set> members;

  /// On the wire, about: what is sent, and how much of it waits, is bounded by this.
  std::size_t size_bytes() const {
    return value.size() + (members ? members->size_bytes() : 0) + overhead_bytes;
  }
  friend bool operator==(const entry& a, const entry& b);

private:
  static constexpr std::size_t overhead_bytes = 32;
};

} // namespace pmmc::raft
