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
                                                            "members files written",
                                                            "members files half written",
                                                            "members files that differed",
                                                            "members files damaged",
                                                            "members files removed",
                                                            "identities forgotten",
                                                            "replicas formatted again",
                                                            "replicas on an old copy"};

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

void summary::add(const summary& other) {
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
    else
      never += (never.empty() ? "" : ", ") + std::string{fact_names[i]};
  out += "faults:\n";
  for (std::size_t i = 0; i < fault_kinds; ++i) {
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
