// How much of the world of engine `simple` an exhaustive search looks at.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::simple::search {

/// What is bounded. What is not mentioned here is not bounded: every message may arrive at any
/// later time, any number of times, or never; a proposer whose number was refused takes the next
/// one at any time, and whoever proposes may give a slot up for lost, and fill it, at any time.
struct scope {
  std::string name;
  std::string what; ///< one line for people
  unsigned servers = 3;
  unsigned proposers = 2;    ///< the first ones; the others accept and learn only
  unsigned rounds = 2;       ///< numbers that each of them takes, in all slots and lives
  unsigned slots = 2;        ///< nobody proposes anything behind
  unsigned commands = 1;     ///< that each of them is asked for, in all its lives
  bool crashes = true;       ///< servers crash and restart, between records that they write too
  bool late_rejects = false; ///< the refusal of a number that is given up is heard, too
  bool collect = false;      ///< servers save snapshots, announce them, forget what all others have
                             ///< saved, and take over each other's snapshots
  unsigned reads = 0;        ///< that each server is asked for
  bool reduce = true;   ///< what can make no difference is no state of its own (docs/TESTING.md)
  bool symmetry = true; ///< states that differ in the names of those that do not propose are one
};

/// The scopes that have a name, small ones first. All names begin with "simple".
const std::vector<scope>& named_scopes();

/// What bounds `s`, in the form that parse_scope() reads.
std::string bounds_of(const scope& s);

/// "NAME" or "NAME,KEY=NUMBER,…": a named scope, and what differs from it. On a mistake nothing,
/// and `error` says what would be right.
std::optional<scope> parse_scope(std::string_view text, std::string& error);

} // namespace pmmc::simple::search
