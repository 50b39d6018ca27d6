#include "node/cluster_json.hpp"

#include "node/cluster_health.hpp"
#include "node/json_text.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace pmmc {

namespace {

using json = nlohmann::ordered_json;

json role_json(const probed_role& r, slot_num highest) {
  json j{{"id", r.role.id.str()},
         {"role", std::string{to_string(r.role.kind)}},
         {"address", r.role.address},
         {"up", r.up},
         {"why", r.why}};
  if (!r.up)
    return j;
  if (const auto office = office_of(r); !office.empty())
    j["state"] = office;
  if (const auto v = vitals_as<server_vitals>(r.status.state); v.term > 0) {
    j["term"] = std::to_string(v.term);
    j["leader"] = v.leader.str();
  }
  if (const auto ballot = r.status.ballot(); !ballot.is_bottom())
    j["ballot"] = {{"seqnum", std::to_string(ballot.seqnum)}, {"leader", ballot.leader.str()}};
  if (serves_clients(r.role.kind)) {
    const auto v = r.status.held();
    j["slot_in"] = std::to_string(v.slot_in);
    j["slot_out"] = std::to_string(v.slot_out);
    j["lag"] = std::to_string(highest - std::min(highest, v.slot_out));
    j["snapshot_slot"] = std::to_string(v.snapshot_slot);
    j["state_machine"] = r.status.machine;
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
  json j{{"version", std::to_string(c.version)}, {"first_slot", std::to_string(c.first_slot)}};
  for (const auto kind : c.kinds())
    j[std::string{to_string(kind)} + "s"] = ids_json(c.members(kind));
  return j;
}

json status_object(const probed_cluster& cluster, const std::vector<probed_role>& roles,
                   const cluster_health& h) {
  json j{{"roles", json::array()}};
  for (const auto& r : roles)
    j["roles"].push_back(role_json(r, h.highest));
  auto config = h.config;
  if (!h.answered &&
      !h.remembered) // which one holds is not known; what the file says is no version
    config.version = config.first_slot = 0;
  j["configuration"] = configuration_json(config);
  if (!h.answered)
    j["configuration_source"] = h.remembered ? "data directory" : "config file";
  j["survives"] = config.version == 0 ? 0 : survives(config);
  j["engine"] = cluster.engine;
  return j;
}

} // namespace

std::string status_json(const probed_cluster& cluster, int indent) {
  const auto roles = cluster.roles();
  return json_text(status_object(cluster, roles, assess(cluster, roles)), indent);
}

std::string status_page(const probed_cluster& cluster, const process_report& own) {
  const auto roles = cluster.roles();
  const auto health = assess(cluster, roles);
  json process{{"address", own.address},
               {"healthy", unhealthy_because(own).empty()},
               {"ready", not_ready_because(own).empty()},
               {"why", not_ready_because(own)},
               {"roles", json::array()}};
  for (const auto& r : own.roles)
    process["roles"].push_back(role_json(cluster.at(r.role), health.highest));
  auto whole = status_object(cluster, roles, health);
  whole["unhealthy"] = unhealthy_because(health);
  return json_text(json{{"process", std::move(process)}, {"cluster", std::move(whole)}}, 2);
}

std::string config_json(const probed_cluster& cluster, int indent) {
  const auto slot_out = furthest_replica(cluster.roles())->status.slot_out();
  const auto* known = &cluster.known;
  for (const auto& [address, process] : cluster.processes)
    if (process.why.empty() && process.status.known.is_newer_than(*known))
      known = &process.status.known;
  json all = json::array();
  for (const auto* config : known->configurations.from(slot_out)) {
    auto j = configuration_json(*config);
    j["state"] = config->first_slot > slot_out ? "pending" : "in force";
    all.push_back(std::move(j));
  }
  return json_text(json{{"configurations", std::move(all)}, {"engine", cluster.engine}}, indent);
}

std::string fingerprint_text(std::uint64_t fingerprint) {
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(fingerprint));
  return hash;
}

std::string fingerprint_json(const probed_cluster& cluster, int indent) {
  json all = json::array();
  for (const auto& r : cluster.roles()) {
    if (!serves_clients(r.role.kind))
      continue;
    json j{{"id", r.role.id.str()}, {"up", r.up}};
    if (r.up) {
      j["slot_out"] = std::to_string(r.status.slot_out());
      j["fingerprint"] = fingerprint_text(r.status.fingerprint);
      j["state_machine"] = r.status.machine;
    } else {
      j["why"] = r.why;
    }
    all.push_back(std::move(j));
  }
  return json_text(json{{"replicas", std::move(all)}}, indent);
}

} // namespace pmmc
