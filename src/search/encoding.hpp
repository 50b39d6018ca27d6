// Canonical bytes of roles and messages: two that behave alike from now on have equal bytes, and no
// others. Time is left out: when a leader runs for office, pings or sends again is an event that
// the search chooses, so counters of ticks, jitter and who was heard from when do not tell states
// apart.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "consensus/pmmc/commander.hpp"
#include "consensus/pmmc/leader.hpp"
#include "consensus/pmmc/replica.hpp"
#include "consensus/pmmc/scout.hpp"

#include <string>

namespace pmmc::search {

void put(std::string& out, const acceptor_state& state);
void put(std::string& out, const config_history& history);
void put(std::string& out, const leader& role);
/// Only what decides how it performs decisions and answers reads.
void put(std::string& out, const replica& role);
void put(std::string& out, const scout& role);
void put(std::string& out, const commander& role);
void put(std::string& out, const scout_outcome& outcome);
void put(std::string& out, const commander_outcome& outcome);
/// Only of messages that the search delivers or checks (see is_modelled).
void put(std::string& out, const envelope& e);

/// Phase 1 and 2, proposals, decisions, news of configurations, pings of replicas, and what reads
/// ask acceptors.
bool is_modelled(const message& m);

} // namespace pmmc::search
