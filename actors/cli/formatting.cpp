#include "formatting.hpp"

#include "membership/reconfiguration.hpp"
#include "node/founding.hpp"
#include "node/probe.hpp"
#include "storage/data_directory.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"
#include "storage/role_state.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

namespace pmmc::cli {

namespace {

/// How the newcomers in one process go on.
void print_how_to_join(const std::string& cluster, const config::process& newcomers) {
  const bool many = newcomers.roles.size() > 1;
  std::string added;
  for (const auto& role : newcomers.roles)
    added += " " + std::string{to_string(role.kind)} + ":" + role.id.str() + "=" + role.address;
  std::fprintf(stderr,
               "pmmc: %s %s formatted to join the cluster \"%s\". Start %s (`pmmc start --id %s`), "
               "then add %s with `pmmc reconfig --add%s`\n",
               newcomers.ids().c_str(), many ? "are" : "is", cluster.c_str(), many ? "them" : "it",
               newcomers.roles.front().id.str().c_str(), many ? "them" : "it", added.c_str());
}

/// Of whoever knows one that keeps promises by a disk: "r1 at HOST:PORT", and the disk.
using disk_witnesses = std::map<role_id, std::pair<std::string, std::string>>;

void ask_processes(const probed_cluster& probed, disk_witnesses& known) {
  for (const auto& [address, process] : probed.processes) {
    if (!process.why.empty())
      continue;
    for (const auto& role : process.status.roles)
      for (const auto& [id, disk] : role.known_disks)
        known.emplace(id, std::pair{role.id.str() + " at " + address, disk});
    for (const auto& [id, disk] : process.status.known.configurations.disks())
      known.emplace(id, std::pair{"the process at " + address, disk});
  }
}

void ask_directories(const config::cluster_file& cluster, disk_witnesses& known) {
  std::error_code none_there;
  for (const auto& entry : std::filesystem::directory_iterator{cluster.data, none_there}) {
    const auto who = "the data directory " + entry.path().string();
    try {
      if (!storage::real_disk().exists(entry.path() / "FORMAT"))
        continue;
      const auto directory =
          storage::data_directory::open_read_only(storage::real_disk(), entry.path());
      if (directory.info().cluster != cluster.name)
        continue;
      if (const auto members = storage::read_members(directory.files(), entry.path()))
        for (const auto& [id, disk] : members->configurations.disks())
          known.emplace(id, std::pair{who, disk});
      if (directory.info().kind != role_kind::acceptor)
        for (const auto& [id, disk] : storage::read_role_state(directory).known.format_ids())
          known.emplace(id, std::pair{who, disk});
    } catch (const storage::storage_error& e) {
      std::fprintf(stderr, "pmmc: warning: %s\n", e.what());
    }
  }
}

/// Who runs has a data directory, and it is not the one that would be formatted.
void refuse_running(const config::cluster_file& cluster, const std::vector<config::role>& roles,
                    const probed_cluster& probed) {
  std::string running;
  for (const auto& role : roles)
    if (const auto at = probed.at(role); at.up && at.status.kind == role.kind)
      running += "\n  " + role.id.str() + " at " + role.address;
  if (!running.empty())
    throw command_error{
        bad_usage, "a cluster \"" + cluster.name +
                       "\" runs at these addresses already, with data directories other than "
                       "those in " +
                       cluster.data.string() + ":" + running +
                       "\nNothing was formatted or started. Stop it first, or give the new one "
                       "other ports and another name in " +
                       cluster.path.string()};
}

std::string how_to_replace(engine_kind engine) {
  return changes_members(engine)
             ? "replace it by one with another id (docs/RECONFIGURATION.md, \"replace a dead "
               "machine\")"
             : "it stays down, and the others go on while a majority is up";
}

/// Who keeps promises and was met by somebody would come back without them.
void refuse_known_disks(const config::cluster_file& cluster,
                        const std::vector<config::role>& roles) {
  const auto promises = [](const config::role& r) { return keeps_promises(r.kind); };
  if (std::none_of(roles.begin(), roles.end(), promises))
    return;
  const auto probed = probe(cluster, false, std::chrono::milliseconds{1'000});
  refuse_running(cluster, roles, probed);
  disk_witnesses known;
  ask_processes(probed, known);
  ask_directories(cluster, known);
  for (const auto& role : roles)
    if (const auto it = known.find(role.id); it != known.end() && promises(role))
      throw command_error{
          bad_usage,
          std::string{to_string(role.kind)} + " " + role.id.str() + " was formatted before: " +
              it->second.first + " knows it by disk " + it->second.second +
              ". With a new disk it would have lost what it promised and which " +
              (role.kind == role_kind::server ? "votes it gave" : "ballots it used") +
              ", and the others would not count it. Nothing was formatted. Bring back its data "
              "directory; without it, " +
              how_to_replace(cluster.engine)};
}

/// Who is formatted now would never become a member.
void refuse_newcomers(const config::cluster_file& cluster, const std::vector<config::role>& roles,
                      const founding& origin) {
  if (changes_members(cluster.engine))
    return;
  for (const auto& role : roles)
    if (!config::find_role(origin.facts.first, role.id))
      throw command_error{bad_usage, role.id.str() +
                                         " is none of the servers with which the cluster was "
                                         "founded, and nothing was formatted: " +
                                         std::string{fixed_servers_text}};
}

} // namespace

void format_all(const config::cluster_file& cluster, const std::vector<config::role>& roles,
                const state_machine_factory& make_machine, bool says_if_founding) {
  if (roles.empty())
    return;
  refuse_known_disks(cluster, roles);
  const auto origin =
      find_founding(cluster, make_machine()->name(), std::chrono::milliseconds{1'000});
  if (says_if_founding && !origin.is_known)
    std::fprintf(
        stderr,
        "pmmc: no process and no data directory of a cluster \"%s\" was found: this config "
        "file founds it\n",
        cluster.name.c_str());
  if (!origin.is_known) // a file of members and newcomers is no whole cluster
    for (const auto& warning : cluster.warnings)
      std::fprintf(stderr, "pmmc: warning: %s\n", warning.c_str());
  refuse_newcomers(cluster, roles, origin);
  std::vector<config::process> newcomers;
  for (const auto& role : roles) {
    format_role(cluster, role, origin);
    std::printf("formatted %s\n", (cluster.data / role.id.str()).c_str());
    if (config::find_role(origin.facts.first, role.id))
      continue;
    auto process = std::find_if(newcomers.begin(), newcomers.end(),
                                [&](const auto& p) { return p.address == role.address; });
    if (process == newcomers.end())
      process = newcomers.insert(newcomers.end(), {role.address, {}});
    process->roles.push_back(role);
  }
  for (const auto& process : newcomers)
    print_how_to_join(cluster.name, process);
}

} // namespace pmmc::cli
