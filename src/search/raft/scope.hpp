// How much of Raft's world an exhaustive search looks at.
#pragma once

#include "consensus/raft/entry.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::raft::search {

constexpr unsigned most_terms = 7;

/// What is bounded. What is not mentioned here is not bounded: every message may arrive at any
/// later time, any number of times, or never; who may run for office may do so at any time, whoever
/// it has heard; who does not lead hears of a later term at any time.
struct scope {
  std::string name;
  std::string what;         ///< one line for people
  unsigned servers = 3;     ///< founders; behind them come those that a change brings
  unsigned terms = 2;       ///< nobody runs for a later one
  unsigned entries = 1;     ///< commands that the leader of a term may propose
  bool crashes = true;      ///< servers crash and restart, between records that they write too
  bool slow_disks = false;  ///< a write takes its time, and inputs are handled meanwhile
  bool resign = false;      ///< a leader finds that no majority answers it
  bool disconnect = false;  ///< a leader finds a connection broken, and begins anew with the server
  bool late_answers = true; ///< requests of an old term are answered
  bool compact = false;     ///< servers forget what is committed, and fetch snapshots of others
  bool single = false;      ///< a request carries one entry, so that more ways lead to a log
  unsigned heartbeats = 0;  ///< rounds of them that the leader of a term may send
  unsigned reads = 0;       ///< that each server is asked for
  unsigned change = 0;      ///< of the servers; see targets_of()
  bool reduce = true;   ///< what can make no difference is no state of its own (docs/TESTING.md)
  bool symmetry = true; ///< states that differ in the servers' names only are one state
};

/// The scopes that have a name, small ones first. All names begin with "raft".
const std::vector<scope>& named_scopes();

/// What bounds `s`, in the form that parse_scope() reads.
std::string bounds_of(const scope& s);

/// "NAME" or "NAME,KEY=NUMBER,…": a named scope, and what differs from it. On a mistake nothing,
/// and `error` says what would be right.
std::optional<scope> parse_scope(std::string_view text, std::string& error);

/// The sets of servers that a scope can come to have, by version - 1. `change` is 0: the founders
/// only; 1: then a newcomer in place of the last one; 2: a newcomer more; 3: the last one leaves;
/// 4: as 1, and back again; 5: newcomers in place of all (of two founders at most).
std::vector<std::vector<member>> targets_of(const scope& s);
/// Those of all of them.
unsigned servers_of(const scope& s);

} // namespace pmmc::raft::search
