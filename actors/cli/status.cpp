// `pmmc status`, `pmmc fingerprint`, `pmmc config`, `pmmc version`.
#include "cli.hpp"
#include "commit.hpp"
#include "http/http_pages.hpp"
#include "node/cluster_health.hpp"
#include "node/cluster_json.hpp"
#include "node/json_text.hpp"
#include "node/probe.hpp"
#include "table.hpp"
#include "wire/protocol.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;

std::chrono::milliseconds probe_timeout(const arguments& a) {
  return std::min(a.timeout, std::chrono::milliseconds{2'000});
}

std::string number_or_dash(std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); }

json version_json() {
  return {{"version", PMMC_VERSION}, {"commit", PMMC_COMMIT}, {"protocol", protocol_name()}};
}

std::string members_text(const std::vector<member>& members) {
  std::string text;
  for (const auto& m : members)
    text += " " + m.id.str() + "=" + m.address;
  return text;
}

std::string up_text(const probed_role& r) {
  return r.why.empty() ? "up" : (r.up ? "up: " : "down: ") + r.why;
}

void print_status(const std::vector<probed_role>& roles, const cluster_health& h,
                  const std::string& engine) {
  const auto& c = h.config;
  table t{{"ID", "ROLE", "ADDRESS", "UP", c.has_servers() ? "TERM" : "BALLOT", "STATE", "SLOT_IN",
           "SLOT_OUT", "LAG", "SNAPSHOT", "DISK", "MACHINE"}};
  for (const auto& r : roles) {
    const auto v = r.status.held();
    const bool replica = serves_clients(r.role.kind);
    const auto office = office_of(r);
    std::vector<std::string> row{r.role.id.str(), std::string{to_string(r.role.kind)},
                                 r.role.address, up_text(r)};
    if (r.up) {
      row.push_back(replica ? number_or_dash(vitals_as<server_vitals>(r.status.state).term)
                            : to_string(r.status.ballot()));
      row.push_back(office.empty() ? "-" : office);
      for (const auto n : {v.slot_in, v.slot_out})
        row.push_back(replica ? number_or_dash(n) : "-");
      row.push_back(replica ? std::to_string(h.highest - std::min(h.highest, v.slot_out)) : "-");
      row.push_back(replica ? number_or_dash(v.snapshot_slot) : "-");
      row.push_back(human_bytes(r.status.disk_bytes));
      row.push_back(replica ? r.status.machine : "-");
    }
    t.add(std::move(row));
  }
  t.print(stdout);
  if (!h.answered) {
    std::printf("\nconfiguration unknown: nobody could be asked; the rows are those %s\n",
                h.remembered ? ("of configuration " + std::to_string(c.version) +
                                ", the last that the data directories here remember")
                                   .c_str()
                             : "of the config file");
    return;
  }
  std::string members;
  for (const auto kind : c.kinds()) {
    members += (members.empty() ? "" : ", ") + std::to_string(c.members(kind).size()) + " " +
               std::string{to_string(kind)} + "s";
    if (&c.members(kind) == &c.voters())
      members += " (quorum " + std::to_string(c.quorum()) + ")";
  }
  if (c.has_servers())
    members += ", engine " + engine;
  std::printf("\nconfiguration %llu from slot %llu: %s; survives %zu failure%s%s\n",
              static_cast<unsigned long long>(c.version),
              static_cast<unsigned long long>(c.first_slot), members.c_str(), survives(c),
              survives(c) == 1 ? "" : "s", c.has_servers() ? "" : " of each kind");
}

/// slot_out of the one that is furthest. Throws if none could be asked.
slot_num demand_replica(const std::vector<probed_role>& roles) {
  const auto* best = furthest_replica(roles);
  if (best == nullptr)
    throw command_error{not_executed, no_replica_because(roles)};
  return best->status.slot_out();
}

int exit_code_of(const std::string& why_unhealthy) {
  if (why_unhealthy.empty())
    return done;
  std::fflush(stdout); // the table is above, where both go to one file
  std::fprintf(stderr, "pmmc: unhealthy: %s\n", why_unhealthy.c_str());
  return unhealthy;
}

} // namespace

int status(const arguments& a) {
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  const auto probed = probe(cluster, true, probe_timeout(a));
  const auto roles = probed.roles();
  const auto health = assess(probed, roles);
  if (a.json)
    std::printf("%s\n", status_json(probed, 2).c_str());
  else
    print_status(roles, health, probed.engine);
  return exit_code_of(unhealthy_because(health));
}

int fingerprint(const arguments& a) {
  a.expect_words(0, 0);
  const auto probed = probe(a.load_cluster(), true, probe_timeout(a));
  const auto roles = probed.roles();
  demand_replica(roles);
  if (a.json) {
    std::printf("%s\n", fingerprint_json(probed, 2).c_str());
    return exit_code_of(why_diverged(roles));
  }
  table t{{"ID", "SLOT_OUT", "FINGERPRINT", "MACHINE"}};
  for (const auto& r : roles)
    if (serves_clients(r.role.kind))
      t.add(r.up
                ? std::vector<std::string>{r.role.id.str(), std::to_string(r.status.slot_out()),
                                           fingerprint_text(r.status.fingerprint), r.status.machine}
                : std::vector<std::string>{r.role.id.str(), "-", "down: " + r.why});
  t.print(stdout);
  return exit_code_of(why_diverged(roles));
}

int show_config(const arguments& a) {
  a.expect_words(0, 0);
  const auto probed = probe(a.load_cluster(), false, probe_timeout(a));
  const auto slot_out = demand_replica(probed.roles());
  if (a.json) {
    std::printf("%s\n", config_json(probed, 2).c_str());
    return done;
  }
  for (const auto* config : probed.known.configurations.from(slot_out)) {
    const auto& c = *config;
    std::printf("version %llu, %s from slot %llu\n", static_cast<unsigned long long>(c.version),
                c.first_slot > slot_out ? "pending" : "in force",
                static_cast<unsigned long long>(c.first_slot));
    for (const auto kind : c.kinds())
      std::printf("  %-9s%s\n", (std::string{to_string(kind)} + "s").c_str(),
                  members_text(c.members(kind)).c_str());
    if (c.has_servers())
      std::printf("  engine    %s\n", probed.engine.c_str());
  }
  return done;
}

int version(const arguments& a) {
  a.expect_words(0, 0);
  if (a.json)
    std::printf("%s\n", json_text(version_json(), 2).c_str());
  else
    std::printf("pmmc %s, commit %s, protocol %s\n", PMMC_VERSION, PMMC_COMMIT,
                protocol_name().c_str());
  return done;
}

http_pages pages_for_http() {
  return {{PMMC_VERSION, PMMC_COMMIT, protocol_name()}, json_text(version_json(), 2), status_page};
}

} // namespace pmmc::cli
