// `pmmc status`, `pmmc fingerprint`, `pmmc config`, `pmmc version`.
#include "cli.hpp"
#include "commit.hpp"
#include "http/http_pages.hpp"
#include "probe.hpp"
#include "protocol.hpp"
#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace pmmc::cli {

namespace {

using json = nlohmann::ordered_json;

std::chrono::milliseconds probe_timeout(const arguments& a) {
  return std::min(a.timeout, std::chrono::milliseconds{2'000});
}

std::string number_or_dash(std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); }

/// What the rows together say about the cluster.
struct cluster_health {
  slot_num highest = 0; ///< slot_out of the replica that is furthest
  bool has_active_leader = false;
  std::size_t acceptors_up = 0;
  std::vector<std::string> down;
  std::set<role_id> uncounted; ///< acceptors and leaders that others refuse to count
  configuration config;        ///< in force at `highest`, from the replicated state
};

cluster_health assess(const probed_cluster& cluster, const std::vector<probed_role>& roles) {
  cluster_health h;
  for (const auto& r : roles)
    h.uncounted.insert(r.status.uncounted.begin(), r.status.uncounted.end());
  for (const auto& r : roles) {
    if (!r.up) {
      h.down.push_back(r.role.id.str());
      continue;
    }
    h.acceptors_up +=
        r.role.kind == config::role_kind::acceptor && !h.uncounted.contains(r.role.id);
    h.has_active_leader |= r.role.kind == config::role_kind::leader && r.status.state.active;
    if (r.role.kind == config::role_kind::replica)
      h.highest = std::max(h.highest, r.status.state.slot_out);
  }
  h.config = cluster.known.configurations.for_slot(std::max<slot_num>(h.highest, 1));
  return h;
}

/// Failures that the configuration survives, of any one kind of role.
std::size_t survives(const configuration& c) {
  return std::min({c.tolerated_failures(), c.leaders.size() - 1, c.replicas.size() - 1});
}

std::string unhealthy_because(const cluster_health& h, const configuration& c) {
  std::string why;
  const auto add = [&](const std::string& text) { why += (why.empty() ? "" : "; ") + text; };
  if (h.acceptors_up < c.quorum())
    add("no quorum: " + std::to_string(h.acceptors_up) + " of " +
        std::to_string(c.acceptors.size()) + " acceptors up, " + std::to_string(c.quorum()) +
        " needed; nothing is decided until more are started");
  else if (!h.has_active_leader)
    add("no leader is active (yet)");
  if (!h.down.empty()) {
    std::string ids;
    for (const auto& id : h.down)
      ids += (ids.empty() ? "" : " ") + id;
    add("down: " + ids +
        "; start with `pmmc start --id ID`, or see why above; if its disk is lost, replace it "
        "(docs/RECONFIGURATION.md)");
  }
  for (const auto& id : h.uncounted)
    add((c.has_leader(id) ? "leader " : "acceptor ") + id.str() +
        " was formatted again and is not counted (docs/OPERATIONS.md)");
  return why;
}

json role_json(const probed_role& r, slot_num highest) {
  const auto& v = r.status.state;
  json j{{"id", r.role.id.str()},
         {"role", std::string{config::to_string(r.role.kind)}},
         {"address", r.role.address},
         {"up", r.up},
         {"why", r.why}};
  if (!r.up)
    return j;
  if (r.role.kind == config::role_kind::leader)
    j["state"] = v.active ? "active" : "passive";
  if (r.role.kind != config::role_kind::replica && !v.ballot.is_bottom())
    j["ballot"] = {{"seqnum", std::to_string(v.ballot.seqnum)}, {"leader", v.ballot.leader.str()}};
  if (r.role.kind == config::role_kind::replica) {
    j["slot_in"] = std::to_string(v.slot_in);
    j["slot_out"] = std::to_string(v.slot_out);
    j["lag"] = std::to_string(highest - std::min(highest, v.slot_out));
    j["snapshot_slot"] = std::to_string(v.snapshot_slot);
  }
  j["disk_bytes"] = std::to_string(r.status.disk_bytes);
  return j;
}

json ids_json(const std::vector<member>& members) {
  json ids = json::array();
  for (const auto& m : members)
    ids.push_back(m.id.str());
  return ids;
}

json configuration_json(const configuration& c) {
  return {{"version", std::to_string(c.version)},
          {"first_slot", std::to_string(c.first_slot)},
          {"acceptors", ids_json(c.acceptors)},
          {"leaders", ids_json(c.leaders)},
          {"replicas", ids_json(c.replicas)}};
}

json status_json(const std::vector<probed_role>& roles, const cluster_health& h,
                 const configuration& c) {
  json j{{"roles", json::array()}};
  for (const auto& r : roles)
    j["roles"].push_back(role_json(r, h.highest));
  j["configuration"] = configuration_json(c);
  j["survives"] = survives(c);
  return j;
}

/// What /status shows: this process, and the cluster as `pmmc status --json` shows it, with the
/// reason if it is unhealthy.
std::string status_page(const probed_cluster& cluster, const process_report& own) {
  const auto roles = cluster.roles();
  const auto health = assess(cluster, roles);
  json process{{"address", own.address},
               {"healthy", pmmc::unhealthy_because(own).empty()},
               {"ready", not_ready_because(own).empty()},
               {"why", not_ready_because(own)},
               {"roles", json::array()}};
  for (const auto& r : own.roles)
    process["roles"].push_back(role_json(cluster.at(r.role), health.highest));
  auto whole = status_json(roles, health, health.config);
  whole["unhealthy"] = unhealthy_because(health, health.config);
  return json{{"process", std::move(process)}, {"cluster", std::move(whole)}}.dump(2);
}

json version_json() {
  return {{"version", PMMC_VERSION}, {"commit", PMMC_COMMIT}, {"protocol", protocol_name()}};
}

std::string members_text(const std::vector<member>& members) {
  std::string text;
  for (const auto& m : members)
    text += " " + m.id.str() + "=" + m.address;
  return text;
}

void print_status(const std::vector<probed_role>& roles, const cluster_health& h,
                  const configuration& c) {
  table t{{"ID", "ROLE", "ADDRESS", "UP", "BALLOT", "STATE", "SLOT_IN", "SLOT_OUT", "LAG",
           "SNAPSHOT", "DISK"}};
  for (const auto& r : roles) {
    const auto& v = r.status.state;
    const bool replica = r.role.kind == config::role_kind::replica;
    const bool leader = r.role.kind == config::role_kind::leader;
    std::vector<std::string> row{r.role.id.str(), std::string{config::to_string(r.role.kind)},
                                 r.role.address, r.up ? "up" : "down: " + r.why};
    if (r.up) {
      row.push_back(replica ? "-" : to_string(v.ballot));
      row.push_back(leader ? (v.active ? "active" : "passive") : "-");
      for (const auto n : {v.slot_in, v.slot_out})
        row.push_back(replica ? number_or_dash(n) : "-");
      row.push_back(replica ? std::to_string(h.highest - std::min(h.highest, v.slot_out)) : "-");
      row.push_back(replica ? number_or_dash(v.snapshot_slot) : "-");
      row.push_back(human_bytes(r.status.disk_bytes));
    }
    t.add(std::move(row));
  }
  t.print(stdout);
  std::printf("\nconfiguration %llu from slot %llu: %zu acceptors (quorum %zu), %zu leaders, %zu "
              "replicas; survives %zu failure%s of each kind\n",
              static_cast<unsigned long long>(c.version),
              static_cast<unsigned long long>(c.first_slot), c.acceptors.size(), c.quorum(),
              c.leaders.size(), c.replicas.size(), survives(c), survives(c) == 1 ? "" : "s");
}

/// The replica that is furthest has the newest configurations.
const probed_role& furthest_replica(const std::vector<probed_role>& roles) {
  const probed_role* best = nullptr;
  for (const auto& r : roles)
    if (r.up && r.role.kind == config::role_kind::replica &&
        (best == nullptr || r.status.state.slot_out > best->status.state.slot_out))
      best = &r;
  if (best != nullptr)
    return *best;
  std::string tried;
  for (const auto& r : roles)
    if (r.role.kind == config::role_kind::replica)
      tried += "\n  " + r.role.id.str() + " at " + r.role.address + ": " + r.why;
  throw command_error{not_executed, "no replica could be asked:" + tried};
}

} // namespace

int status(const arguments& a) {
  a.expect_words(0, 0, "status");
  const auto cluster = a.load_cluster();
  const auto probed = probe(cluster, false, probe_timeout(a));
  const auto roles = probed.roles();
  const auto health = assess(probed, roles);
  const auto& config = health.config;
  if (a.json) {
    std::printf("%s\n", status_json(roles, health, config).dump(2).c_str());
  } else {
    print_status(roles, health, config);
  }
  const auto why = unhealthy_because(health, config);
  if (why.empty())
    return done;
  std::fprintf(stderr, "pmmc: unhealthy: %s\n", why.c_str());
  return unhealthy;
}

int fingerprint(const arguments& a) {
  a.expect_words(0, 0, "fingerprint");
  const auto cluster = a.load_cluster();
  const auto roles = probe(cluster, true, probe_timeout(a)).roles();
  furthest_replica(roles); // throws if there is none
  table t{{"ID", "SLOT_OUT", "FINGERPRINT"}};
  json all = json::array();
  for (const auto& r : roles) {
    if (r.role.kind != config::role_kind::replica)
      continue;
    char hash[20];
    std::snprintf(hash, sizeof hash, "%016llx",
                  static_cast<unsigned long long>(r.status.fingerprint));
    t.add(r.up ? std::vector<std::string>{r.role.id.str(), std::to_string(r.status.state.slot_out),
                                          hash}
               : std::vector<std::string>{r.role.id.str(), "-", "down: " + r.why});
    json j{{"id", r.role.id.str()}, {"up", r.up}};
    if (r.up) {
      j["slot_out"] = std::to_string(r.status.state.slot_out);
      j["fingerprint"] = hash;
    }
    all.push_back(std::move(j));
  }
  if (a.json)
    std::printf("%s\n", json{{"replicas", all}}.dump(2).c_str());
  else
    t.print(stdout);
  return done;
}

int show_config(const arguments& a) {
  a.expect_words(0, 0, "config");
  const auto cluster = a.load_cluster();
  const auto probed = probe(cluster, false, probe_timeout(a));
  const auto roles = probed.roles();
  const auto slot_out = furthest_replica(roles).status.state.slot_out;
  json all = json::array();
  for (const auto* config : probed.known.configurations.from(slot_out)) {
    const auto& c = *config;
    const bool pending = c.first_slot > slot_out;
    auto j = configuration_json(c);
    j["state"] = pending ? "pending" : "in force";
    all.push_back(std::move(j));
    if (!a.json)
      std::printf("version %llu, %s from slot %llu\n  acceptors%s\n  leaders  %s\n  replicas %s\n",
                  static_cast<unsigned long long>(c.version), pending ? "pending" : "in force",
                  static_cast<unsigned long long>(c.first_slot), members_text(c.acceptors).c_str(),
                  members_text(c.leaders).c_str(), members_text(c.replicas).c_str());
  }
  if (a.json)
    std::printf("%s\n", json{{"configurations", all}}.dump(2).c_str());
  return done;
}

int version(const arguments& a) {
  a.expect_words(0, 0, "version");
  if (a.json)
    std::printf("%s\n", version_json().dump(2).c_str());
  else
    std::printf("pmmc %s, commit %s, protocol %s\n", PMMC_VERSION, PMMC_COMMIT,
                protocol_name().c_str());
  return done;
}

http_pages pages_for_http() {
  return {{PMMC_VERSION, PMMC_COMMIT, protocol_name()}, version_json().dump(2), status_page};
}

} // namespace pmmc::cli
