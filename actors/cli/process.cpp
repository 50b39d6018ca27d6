// `pmmc init`, `pmmc start`, `pmmc up`.
#include "children.hpp"
#include "cli.hpp"
#include "config/address.hpp"
#include "node/founding.hpp"
#include "node/host_name.hpp"
#include "node/probe.hpp"
#include "storage/data_directory.hpp"
#include "storage/members_file.hpp"
#include "storage/posix_disk.hpp"
#include "storage/role_state.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

namespace pmmc::cli {

namespace {

/// In the config file, or else in what the data directories remember.
std::optional<config::role> find_role(const config::cluster_file& cluster, const std::string& id) {
  if (id.size() > role_id::max_size)
    return std::nullopt;
  if (auto role = config::find_role(cluster.first, role_id{id}))
    return role;
  if (const auto known = remembered_members(cluster))
    for (const auto* configuration : known->live())
      if (auto role = config::find_role(*configuration, role_id{id}))
        return role;
  return std::nullopt;
}

std::vector<config::role> named_roles(const arguments& a, const config::cluster_file& cluster) {
  std::vector<config::role> roles;
  if (a.options.count("id") == 0)
    return roles;
  for (const auto& id : a.options["id"].as<std::vector<std::string>>()) {
    const auto role = find_role(cluster, id);
    if (!role)
      throw command_error{bad_usage, "there is no role \"" + id + "\" in " + cluster.path.string() +
                                         "; its roles are in the sections [acceptor], [leader] and "
                                         "[replica]"};
    roles.push_back(*role);
  }
  return roles;
}

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

/// Of whoever knows an acceptor or leader by a disk: "r1 at HOST:PORT", and the disk.
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

/// An acceptor or leader that somebody has met would come back without its promises, or its
/// ballots.
void refuse_known_disks(const config::cluster_file& cluster,
                        const std::vector<config::role>& roles) {
  const auto keeps_promises = [](const config::role& r) { return r.kind != role_kind::replica; };
  if (std::none_of(roles.begin(), roles.end(), keeps_promises))
    return;
  const auto probed = probe(cluster, false, std::chrono::milliseconds{1'000});
  refuse_running(cluster, roles, probed);
  disk_witnesses known;
  ask_processes(probed, known);
  ask_directories(cluster, known);
  for (const auto& role : roles)
    if (const auto it = known.find(role.id); it != known.end() && keeps_promises(role))
      throw command_error{
          bad_usage,
          std::string{to_string(role.kind)} + " " + role.id.str() + " was formatted before: " +
              it->second.first + " knows it by disk " + it->second.second +
              ". With a new disk it would have lost what it promised and which ballots it used, "
              "and "
              "the others would not count it. Nothing was formatted. Bring back its data "
              "directory; "
              "without it, replace it by one with another id (docs/RECONFIGURATION.md, \"replace a "
              "dead machine\")"};
}

/// A role that is formatted by itself may be a newcomer: then to found a cluster is a mistake.
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

/// Where a role of the config file really lives: where the cluster's configuration has it, unless
/// the file names an address that was never its own: then it is to move there.
std::string address_of(const config::role& role, const membership& known) {
  const auto* m = known.find(role.kind, role.id);
  return m != nullptr && known.was_at(role.kind, role.id, role.address) ? m->address : role.address;
}

bool was_removed(const config::role& role, const membership& known) {
  const auto* former = known.find_former(role.id);
  return former != nullptr && former->address == role.address;
}

/// All roles of the config file, those that the cluster has besides, and which were removed.
struct known_roles {
  std::vector<config::role> present; ///< with the addresses where they live
  std::vector<config::role> removed;
  membership members;
};

known_roles roles_to_run(const config::cluster_file& cluster, bool rejoins) {
  known_roles result;
  result.members = members_on_disk(cluster);
  auto all = config::roles_of(cluster.first);
  for (const auto* configuration : result.members.live())
    for (const auto& role : config::roles_of(*configuration))
      if (std::none_of(all.begin(), all.end(), [&](const auto& r) { return r.id == role.id; }))
        all.push_back(role);
  for (auto& role : all) {
    if (!rejoins && was_removed(role, result.members)) {
      result.removed.push_back(role);
      continue;
    }
    role.address = address_of(role, result.members);
    result.present.push_back(role);
  }
  return result;
}

std::string removed_text(const config::role& role, const membership& known) {
  return role.id.str() + " was removed from the cluster in version " +
         std::to_string(known.find_former(role.id)->removed_in) +
         "; take its line out of the config file. If it is to be added again, start it with "
         "--rejoin; "
         "its data directory is needed for that only";
}

/// The process that hosts the named roles, and whatever else lives at their address.
config::process process_of(const std::vector<config::role>& named, const known_roles& known) {
  config::process process;
  for (const auto& role : named) {
    for (const auto& gone : known.removed)
      if (gone.id == role.id)
        throw command_error{bad_usage, removed_text(gone, known.members)};
    const auto there = std::find_if(known.present.begin(), known.present.end(),
                                    [&](const auto& r) { return r.id == role.id; });
    if (process.address.empty())
      process.address = there->address;
    if (there->address != process.address)
      throw command_error{bad_usage, named.front().id.str() + " (" + process.address + ") and " +
                                         role.id.str() + " (" + there->address +
                                         ") do not live in one process: start each by itself"};
  }
  for (const auto& role : known.present)
    if (role.address == process.address)
      process.roles.push_back(role);
  std::stable_sort(process.roles.begin(), process.roles.end(),
                   [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return process;
}

std::string text_of(const arguments& a, const char* option) {
  return a.options[option].as<std::string>();
}

log_settings log_settings_of(const arguments& a) {
  std::string error;
  const auto settings =
      parse_log_settings(text_of(a, "log-level"), text_of(a, "log-format"), error);
  if (!settings)
    throw command_error{bad_usage, error};
  return *settings;
}

/// The words behind the program's name.
std::vector<std::string> start_words(const arguments& a, const config::cluster_file& cluster,
                                     const config::process& process) {
  return {"start",
          "--config",
          cluster.path.string(),
          "--id",
          process.roles.front().id.str(),
          "--log-level",
          text_of(a, "log-level"),
          "--log-format",
          text_of(a, "log-format")};
}

/// `up` runs all processes of the file here: whoever listens elsewhere is not to be formatted here.
void demand_own_addresses(const std::vector<config::role>& roles) {
  std::string error;
  for (const auto& role : roles)
    if (const auto why =
            why_not_of_this_machine(config::parse_address(role.address, error).value());
        !why.empty())
      throw command_error{bad_usage,
                          role.id.str() + ": " + why +
                              "; nothing was formatted or started. `up` runs all "
                              "processes of the config file here. On several machines "
                              "run `pmmc init --id ID` and `pmmc start --id ID` on each"};
}

bool has_active_leader(const config::cluster_file& cluster) {
  const auto roles = probe(cluster, false, std::chrono::milliseconds{500}).roles();
  return std::any_of(roles.begin(), roles.end(),
                     [](const probed_role& r) { return r.up && r.status.is_active(); });
}

} // namespace

int init(const arguments& a) {
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  auto roles = named_roles(a, cluster);
  if (roles.empty())
    roles = config::roles_of(cluster.first);
  for (const auto& role : roles)
    if (const auto path = cluster.data / role.id.str();
        !storage::data_directory::is_unformatted(storage::real_disk(), path))
      throw command_error{bad_usage, path.string() + " is not empty; nothing was formatted. If " +
                                         role.id.str() +
                                         " is to start anew, remove the directory first, but never "
                                         "that of an acceptor that has taken part in a cluster: it "
                                         "would forget its promises"};
  format_all(cluster, roles, a.make_machine, a.options.count("id") > 0);
  return done;
}

int start(const arguments& a) {
  hold_signals();
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  const auto roles = named_roles(a, cluster);
  if (roles.empty())
    throw command_error{bad_usage, "which role? Name it with --id ID"};
  start_options options;
  options.rejoins = a.options["rejoin"].as<bool>();
  const auto known = roles_to_run(cluster, options.rejoins);
  options.process = process_of(roles, known);
  for (const auto& gone : known.removed)
    if (gone.address == options.process.address)
      std::fprintf(stderr, "pmmc: warning: %s\n", removed_text(gone, known.members).c_str());
  options.log = log_settings_of(a);
  options.pages = pages_for_http();
  serve(cluster, options, a.make_machine);
}

int up(const arguments& a) {
  a.expect_words(0, 0);
  const auto cluster = a.load_cluster();
  log_settings_of(a); // a mistake there starts nothing
  std::vector<config::role> fresh;
  const auto known = roles_to_run(cluster, false);
  for (const auto& role : config::roles_of(cluster.first))
    if (storage::data_directory::is_unformatted(storage::real_disk(),
                                                cluster.data / role.id.str()) &&
        !was_removed(role, known.members))
      fresh.push_back(role);
  for (const auto& gone : known.removed)
    std::fprintf(stderr, "pmmc: warning: %s\n", removed_text(gone, known.members).c_str());
  demand_own_addresses(fresh);
  child_processes children;
  format_all(cluster, fresh, a.make_machine, false);
  std::fflush(stdout);
  std::set<std::string> addresses;
  for (const auto& role : known.present)
    if (!storage::data_directory::is_unformatted(storage::real_disk(),
                                                 cluster.data / role.id.str()) &&
        addresses.insert(role.address).second) { // others run on other machines
      const auto process = process_of({role}, known);
      children.start(process.ids(), start_words(a, cluster, process));
    }
  bool ready = false;
  while (!children.stop_requested()) {
    children.pump(std::chrono::milliseconds{200});
    if (ready)
      continue;
    if (children.any_exited())
      throw command_error{internal_error, "a process did not start (see above); all were stopped"};
    if (children.all_printed("ready ") && has_active_leader(cluster)) {
      ready = true;
      std::printf("ready\n");
      std::fflush(stdout);
    }
  }
  children.stop();
  return done;
}

} // namespace pmmc::cli
