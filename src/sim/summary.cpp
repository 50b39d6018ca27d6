#include "sim/summary.hpp"

#include <cstdio>

namespace pmmc::sim {

namespace {

constexpr std::array<std::string_view, facts> fact_names = {"elections",
                                                            "preemptions",
                                                            "pmax overrides",
                                                            "recovery scouts",
                                                            "holes",
                                                            "no-ops decided",
                                                            "proposals that lost their slot",
                                                            "requests decided again",
                                                            "stale requests sent",
                                                            "reads answered",
                                                            "sessions ended",
                                                            "operations of unknown outcome",
                                                            "requests refused as busy",
                                                            "reads refused as busy",
                                                            "operations refused as too large",
                                                            "requests put off",
                                                            "sessions ended for others' room",
                                                            "named sessions ended for room",
                                                            "answers of named sessions dropped",
                                                            "replies refused as too large",
                                                            "handoffs",
                                                            "snapshots saved",
                                                            "snapshots installed",
                                                            "snapshots rejected",
                                                            "catch-ups",
                                                            "logs collected",
                                                            "work below the watermark",
                                                            "restarts",
                                                            "writes lost in a crash",
                                                            "writes kept in a crash",
                                                            "refusals to start",
                                                            "deaths at the start",
                                                            "unsynced writes lost",
                                                            "unsynced writes torn",
                                                            "unsynced names lost",
                                                            "unsynced renames lost",
                                                            "flipped bits read",
                                                            "writes to a full disk",
                                                            "syncs that failed once",
                                                            "syncs that failed for good",
                                                            "reconfigurations",
                                                            "reconfigurations out of date",
                                                            "boundaries crossed",
                                                            "two reconfigurations in flight",
                                                            "roles retired",
                                                            "processes moved",
                                                            "replies to Redis clients",
                                                            "Redis requests of unknown outcome",
                                                            "transactions performed",
                                                            "transactions refused by WATCH",
                                                            "transactions discarded",
                                                            "locks that were held",
                                                            "PMMC requests sent again",
                                                            "PMMC requests answered again",
                                                            "keys expired",
                                                            "Redis connections cut",
                                                            "Redis clients crashed",
                                                            "Redis requests refused as busy",
                                                            "log times set",
                                                            "WAITs answered",
                                                            "Redis ports of no member",
                                                            "Redis connections too many",
                                                            "Redis connections not read",
                                                            "Redis connections hold too much",
                                                            "Redis protocol errors",
                                                            "QUITs answered",
                                                            "Redis replies taken in part",
                                                            "Redis replies to nobody",
                                                            "Redis readers closed for the bound",
                                                            "Redis readers closed for room",
                                                            "Redis buffers grown",
                                                            "Redis buffers given back",
                                                            "Redis writes executed unheard",
                                                            "changes refused for another one",
                                                            "Redis clients that did not read",
                                                            "groups of messages",
                                                            "groups cut for their size",
                                                            "messages lost in flight",
                                                            "meetings of processes",
                                                            "messages to nobody",
                                                            "unknown leaders ignored",
                                                            "guests not made known",
                                                            "silent processes not counted",
                                                            "copies left for the member",
                                                            "new disks refused",
                                                            "old copies refused",
                                                            "lost records refused",
                                                            "stopped for their disk",
                                                            "refused as of another cluster",
                                                            "refused for their facts",
                                                            "stopped as differing",
                                                            "refused as removed",
                                                            "stopped as removed",
                                                            "removed and not started",
                                                            "addresses taken",
                                                            "windows overruled",
                                                            "refused to start for their facts",
                                                            "misformatted, and refused",
                                                            "misformatted, and ended",
                                                            "members files written",
                                                            "members files half written",
                                                            "members files that differed",
                                                            "members files damaged",
                                                            "members files removed",
                                                            "identities forgotten",
                                                            "replicas formatted again",
                                                            "replicas on an old copy",
                                                            "votes refused",
                                                            "pre-votes asked for",
                                                            "entries taken back",
                                                            "offices handed on",
                                                            "snapshots offered",
                                                            "changes of servers begun",
                                                            "changes of servers made",
                                                            "changes of servers taken back",
                                                            "numbers refused",
                                                            "slots filled",
                                                            "values taken over",
                                                            "values asked for",
                                                            "changes that are not made"};

void line(std::string& out, std::string_view name, std::uint64_t number, std::uint64_t runs = 0) {
  char text[96];
  std::snprintf(text, sizeof text, "  %-34.*s %12llu", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(number));
  out += text;
  if (runs > 0)
    out += " in " + std::to_string(runs) + (runs == 1 ? " run" : " runs");
  out += "\n";
}

} // namespace

std::string_view to_string(fact f) { return fact_names[static_cast<std::size_t>(f)]; }

bool can_happen(fact f, engine_kind engine) {
  using enum fact;
  switch (f) {
  case preemption:
  case pmax_override:
  case recovery_scout:
  case hole:
  case lost_slot:
  case catch_up:
  case below_watermark:
  case two_reconfigurations_in_flight:
  case process_moved:
  case replica_began_anew:
  case replica_on_old_copy:
    return engine == engine_kind::pmmc;
  case vote_refused:
  case pre_vote:
  case truncated:
  case office_handed_on:
  case change_begun:
  case change_finished:
  case change_taken_back:
    return engine == engine_kind::raft;
  case number_refused:
  case slot_filled:
  case value_taken_over:
  case value_asked_for:
  case change_not_made:
    return engine == engine_kind::simple;
  case election:
  case reconfiguration:
  case reconfiguration_stale:
  case boundary_crossed:
  case role_retired:
  case refused_as_removed:
  case stopped_as_removed:
  case removed_not_started:
    return engine != engine_kind::simple;
  case snapshot_offered:
    return engine != engine_kind::pmmc;
  default:
    return true;
  }
}

void summary::add(const summary& other) {
  engine = other.engine;
  for (std::size_t i = 0; i < facts; ++i) {
    happened[i] += other.happened[i];
    in_runs[i] += other.happened[i] > 0;
  }
  for (std::size_t i = 0; i < fault_kinds; ++i)
    faults[i] += other.faults[i];
  events += other.events;
  messages += other.messages;
  slots += other.slots;
  operations += other.operations;
  simulated += other.simulated;
}

std::string describe(const summary& s) {
  std::string out = "what happened:\n";
  std::string never;
  line(out, "slots decided", s.slots);
  line(out, "operations", s.operations);
  for (std::size_t i = 0; i < facts; ++i)
    if (s.happened[i] > 0)
      line(out, fact_names[i], s.happened[i], s.in_runs[i]);
    else if (can_happen(static_cast<fact>(i), s.engine))
      never += (never.empty() ? "" : ", ") + std::string{fact_names[i]};
  out += "faults:\n";
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    if (!has_fault(s.engine, static_cast<fault_kind>(i)))
      continue;
    const auto name = to_string(static_cast<fault_kind>(i));
    if (s.faults[i] > 0)
      line(out, name, s.faults[i]);
    else
      never += (never.empty() ? "" : ", ") + std::string{name};
  }
  out += "never happened: " + (never.empty() ? "nothing of the above" : never) + "\n";
  return out;
}

} // namespace pmmc::sim
