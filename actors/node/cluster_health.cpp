#include "node/cluster_health.hpp"

#include "node/cluster_json.hpp"

#include <algorithm>
#include <map>

namespace pmmc {

namespace {

bool is_voter(role_kind kind) { return kind == role_kind::acceptor || kind == role_kind::server; }

/// One that moves votes in both configurations, wherever it is.
std::size_t voters_up(const configuration& of, const std::vector<probed_role>& roles,
                      const std::map<role_id, std::string>& uncounted) {
  const auto& voters = of.voters();
  return static_cast<std::size_t>(
      std::count_if(voters.begin(), voters.end(), [&](const member& voter) {
        return !uncounted.contains(voter.id) &&
               std::any_of(roles.begin(), roles.end(), [&](const probed_role& r) {
                 return r.up && is_voter(r.role.kind) && r.role.id == voter.id;
               });
      }));
}

/// With its address where it has several rows, as one that moves has.
std::string name_of(const probed_role& r, const std::vector<probed_role>& roles) {
  const auto rows = std::count_if(roles.begin(), roles.end(), [&](const probed_role& other) {
    return other.role.id == r.role.id;
  });
  return r.role.id.str() + (rows > 1 ? " at " + r.role.address : "");
}

std::string text_of(const missing_quorum& lack, const configuration& in_force) {
  const auto& c = lack.config;
  const auto counts = std::to_string(lack.voters_up) + " of " + std::to_string(c.voters().size()) +
                      (c.has_servers() ? " servers up, " : " acceptors up, ") +
                      std::to_string(c.quorum()) + " needed; nothing is decided ";
  if (c.version == in_force.version)
    return "no quorum: " + counts + "until more are started";
  return "no quorum of configuration " + std::to_string(c.version) + ": " + counts + "from slot " +
         std::to_string(c.first_slot) + " on until more are started";
}

} // namespace

cluster_health assess(const probed_cluster& cluster, const std::vector<probed_role>& roles) {
  cluster_health h;
  h.answered = cluster.answered;
  h.remembered = cluster.remembered;
  const auto engine = to_engine_kind(cluster.engine).value_or(default_engine);
  h.elects_leaders = engine != engine_kind::simple;
  h.changes_members = changes_members(engine);
  std::vector<std::string> whys;
  for (const auto& r : roles)
    whys.push_back(r.why);
  if (!h.answered)
    h.next_step = next_step(whys);
  for (const auto& r : roles)
    h.uncounted.insert(r.status.uncounted.begin(), r.status.uncounted.end());
  std::set<std::string> refused; // a process ends with the first of its roles that is refused
  for (const auto& r : roles)
    if (h.uncounted.contains(r.role.id))
      refused.insert(r.role.address);
  for (const auto& r : roles) {
    if (!r.status.differing.empty())
      h.differing[r.role.id] = r.status.differing;
    if (!r.up) {
      (refused.contains(r.role.address) ? h.down_refused : h.down).push_back(name_of(r, roles));
      continue;
    }
    h.has_active_leader |= r.status.is_active();
    if (serves_clients(r.role.kind))
      h.highest = std::max(h.highest, r.status.slot_out());
  }
  h.diverged = why_diverged(roles);
  const auto& known = cluster.known.configurations;
  h.config = h.highest == 0 ? known.latest() : known.for_slot(h.highest);
  for (const auto* config : known.from(h.config.first_slot))
    if (config->version < cluster.known.live_from)
      continue; // it is over, and its members may be switched off
    else if (const auto up = voters_up(*config, roles, h.uncounted); up < config->quorum())
      h.without_quorum.push_back({*config, up});
  return h;
}

std::string next_step(const std::vector<std::string>& whys) {
  const auto of_other_cluster = [](const std::string& why) {
    return why.starts_with(belongs_to_cluster);
  };
  if (!whys.empty() && std::all_of(whys.begin(), whys.end(), of_other_cluster))
    return "is this the wrong config file for these addresses? They are those of another cluster";
  return "start them with `pmmc start --id ID` (docs/OPERATIONS.md), or use the config file that "
         "names those that run";
}

std::string office_of(const probed_role& r) {
  if (r.role.kind == role_kind::leader)
    return r.status.is_active() ? "active" : "passive";
  const auto server = vitals_as<server_vitals>(r.status.state);
  if (server.term == 0)
    return {};
  return server.is_leader ? "leader" : server.leader.empty() ? "candidate" : "follower";
}

std::size_t survives(const configuration& c) {
  if (c.has_servers())
    return c.tolerated_failures();
  return std::min({c.tolerated_failures(), c.leaders.size() - 1, c.replicas.size() - 1});
}

std::string unhealthy_because(const cluster_health& h) {
  const auto& c = h.config;
  std::string why;
  const auto add = [&](const std::string& text) { why += (why.empty() ? "" : "; ") + text; };
  if (!h.answered)
    return "nobody could be asked: see above; " + h.next_step;
  for (const auto& lack : h.without_quorum)
    add(text_of(lack, c));
  if (!h.has_active_leader && h.elects_leaders) {
    if (h.without_quorum.empty())
      add("no leader is active (yet)");
    else if (h.without_quorum.front().config.version != c.version) // phase 1 needs all of them
      add("no leader is active, and none can become it before: nothing is decided now");
  }
  if (h.highest == 0 && !c.has_servers())
    add("no replica is up: nothing can be read or written until one is started");
  const auto list = [](const std::vector<std::string>& all) {
    std::string ids;
    for (const auto& id : all)
      ids += (ids.empty() ? "" : " ") + id;
    return ids;
  };
  if (!h.down_refused.empty())
    add("down: " + list(h.down_refused) +
        ", and not to be started with the disk that is not counted");
  if (!h.down.empty())
    add("down: " + list(h.down) +
        "; start with `pmmc start --id ID`, or see why above; if its disk is lost, " +
        (h.changes_members ? "replace it (docs/RECONFIGURATION.md)"
                           : "leave it down (docs/OPERATIONS.md, \"A server lost its disk\")"));
  for (const auto& [id, reason] : h.uncounted)
    for (const auto kind : c.kinds())
      if (keeps_promises(kind) && c.find(kind, id) != nullptr) // else it was replaced
        add(std::string{to_string(kind)} + " " + id.str() + " is not counted: " + reason +
            " (docs/OPERATIONS.md)");
  for (const auto& [id, others] : h.differing)
    for (const auto& [other, slot] : others)
      add((c.has_servers() ? "server " : "replica ") + id.str() + " differs from " + other.str() +
          " since slot " + std::to_string(slot) + " (docs/OPERATIONS.md, \"Replicas differ\")");
  if (!h.diverged.empty())
    add(h.diverged);
  return why;
}

std::string why_diverged(const std::vector<probed_role>& roles) {
  std::map<slot_num, std::map<std::uint64_t, std::set<role_id>>> states; // who had which
  for (const auto& r : roles)
    if (r.up && serves_clients(r.role.kind) &&
        r.status.fingerprint != 0) // else it was not asked for
      states[r.status.slot_out()][r.status.fingerprint].insert(r.role.id);
  for (const auto& [slot, groups] : states) {
    if (groups.size() < 2)
      continue;
    std::string who;
    for (const auto& [fingerprint, ids] : groups) {
      who += who.empty() ? "" : ", ";
      for (const auto& id : ids)
        who += id.str() + " ";
      who += fingerprint_text(fingerprint);
    }
    return "replicas have different states at slot " + std::to_string(slot) + ": " + who +
           "; stop those that differ from the others, and see docs/OPERATIONS.md, \"Replicas "
           "differ\"";
  }
  return {};
}

const probed_role* furthest_replica(const std::vector<probed_role>& roles) {
  const probed_role* best = nullptr;
  for (const auto& r : roles)
    if (r.up && serves_clients(r.role.kind) &&
        (best == nullptr || r.status.slot_out() > best->status.slot_out()))
      best = &r;
  return best;
}

std::string no_replica_because(const std::vector<probed_role>& roles) {
  std::string tried;
  std::vector<std::string> whys;
  for (const auto& r : roles)
    if (serves_clients(r.role.kind)) {
      tried += "\n  " + r.role.id.str() + " at " + r.role.address + ": " + r.why;
      whys.push_back(r.why);
    }
  return "no replica could be asked:" + tried + "\nWhat next: " + next_step(whys);
}

} // namespace pmmc
