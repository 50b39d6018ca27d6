// How much of the world an exhaustive search looks at.
#pragma once

#include "membership/configuration.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::search {

/// Three acceptors, and what is bounded. What is not mentioned here is not bounded: every message
/// may arrive at any later time, any number of times, or never; an acceptor may crash and restart
/// at any time.
struct scope {
  std::string name;
  std::string what; ///< one line for people
  unsigned acceptors = 3;
  unsigned leaders = 2;
  unsigned ballots = 2;     ///< how often each leader may run for office
  unsigned slots = 1;       ///< slots that are proposed for
  unsigned restarts = 0;    ///< crashes of each leader
  bool both_values = false; ///< every leader is proposed both commands, not one command each
  bool late_reports = true; ///< the outcome of a scout or commander reaches its leader at any later
                            ///< time, as through a mailbox; or else at once
  bool pages = false;       ///< a p1b carries one pvalue, so that answers come in pages
  unsigned reconfigure = 0; ///< changes of the members, and WINDOW: l1 is proposed one in slot 1, a
                            ///< second one in slot 2; a4 takes the place of a1, a5 that of a4
  bool forget = false;      ///< answers to a ballot that its leader has given up are forgotten
  bool collect = false;     ///< replicas announce decided slots as durable, and acceptors drop them
  bool perform = false;     ///< replicas tell that they have performed decided slots, though others
                            ///< have not: leaders forget decisions, begin behind them, and recover
  unsigned replicas = 0;    ///< real ones, which hear decisions; else what they would send follows
                            ///< from the decisions
  unsigned reads = 0;       ///< that each of them is asked for
  bool merge_silent = true; ///< what nobody can notice is no state of its own (docs/TESTING.md)
  bool symmetry = true;     ///< states that differ in the acceptors' names only are one state
};

/// The scopes that have a name, small ones first.
const std::vector<scope>& named_scopes();

/// What bounds `s`, in the form that parse_scope() reads.
std::string bounds_of(const scope& s);

/// "NAME" or "NAME,KEY=NUMBER,…": a named scope, and what differs from it. On a mistake nothing,
/// and `error` says what would be right.
std::optional<scope> parse_scope(std::string_view text, std::string& error);

/// In slots.
std::uint64_t window_of(const scope& s);
/// The configurations that a scope can come to have: acceptors a1…, leaders l1…, replicas r1….
std::vector<configuration> configurations_of(const scope& s);
/// The acceptors of all of them.
unsigned acceptors_of(const scope& s);
/// What is known to who has heard of all of `configs` up to version `latest`.
config_history known_up_to(const std::vector<configuration>& configs, config_version latest);
/// The kinds of the roles of all of them.
std::map<role_id, role_kind> kinds_of(const std::vector<configuration>& configs);

} // namespace pmmc::search
