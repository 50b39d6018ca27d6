#include "redis_status.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace pmmc {

namespace {

using json = nlohmann::ordered_json;

const char* name_of(hosted_kind kind) {
  switch (kind) {
  case hosted_kind::acceptor:
    return "acceptor";
  case hosted_kind::leader:
    return "leader";
  case hosted_kind::replica:
    return "replica";
  case hosted_kind::client:
    break;
  }
  return "client";
}

json ids(const std::vector<member>& members) {
  auto all = json::array();
  for (const auto& m : members)
    all.push_back(m.id.str());
  return all;
}

json configurations(const role_status& replica) {
  auto all = json::array();
  for (const auto& c : replica.configurations)
    all.push_back({{"version", std::to_string(c.version)},
                   {"first_slot", std::to_string(c.first_slot)},
                   {"acceptors", ids(c.acceptors)},
                   {"leaders", ids(c.leaders)},
                   {"replicas", ids(c.replicas)},
                   {"state", c.first_slot > replica.state.slot_out ? "pending" : "in force"}});
  return all;
}

json status(const role_status& r) {
  json j{{"id", r.id.str()}, {"role", name_of(r.kind)}, {"up", true}};
  if (r.kind == hosted_kind::leader)
    j["state"] = r.state.active ? "active" : "passive";
  if (r.kind != hosted_kind::replica && !r.state.ballot.is_bottom())
    j["ballot"] = {{"seqnum", std::to_string(r.state.ballot.seqnum)},
                   {"leader", r.state.ballot.leader.str()}};
  if (r.kind == hosted_kind::replica) {
    j["slot_in"] = std::to_string(r.state.slot_in);
    j["slot_out"] = std::to_string(r.state.slot_out);
    j["snapshot_slot"] = std::to_string(r.state.snapshot_slot);
    j["proposes"] = r.proposes;
  }
  j["disk_bytes"] = std::to_string(r.disk_bytes);
  return j;
}

json fingerprint(const role_status& r) {
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(r.fingerprint));
  return {{"id", r.id.str()},
          {"up", true},
          {"slot_out", std::to_string(r.state.slot_out)},
          {"fingerprint", hash}};
}

} // namespace

std::string redis_status_json(redis::question_kind kind, const std::vector<role_status>& roles) {
  auto all = json::array();
  for (const auto& r : roles) {
    if (kind == redis::question_kind::status)
      all.push_back(status(r));
    else if (kind == redis::question_kind::fingerprint)
      all.push_back(fingerprint(r));
    else
      for (auto& c : configurations(r))
        all.push_back(std::move(c));
  }
  const char* title = kind == redis::question_kind::status        ? "roles"
                      : kind == redis::question_kind::fingerprint ? "replicas"
                                                                  : "configurations";
  return json{{title, all}}.dump();
}

} // namespace pmmc
