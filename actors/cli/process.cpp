// `pmmc init`, `pmmc start`, `pmmc up`.
#include "children.hpp"
#include "cli.hpp"
#include "config/address.hpp"
#include "formatting.hpp"
#include "node/host_name.hpp"
#include "node/probe.hpp"
#include "storage/data_directory.hpp"
#include "storage/posix_disk.hpp"

#include <algorithm>
#include <cstdio>
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

std::string role_sections(engine_kind engine) {
  return has_members_of(engine, role_kind::server) ? "section [server]"
                                                   : "sections [acceptor], [leader] and [replica]";
}

std::vector<config::role> named_roles(const arguments& a, const config::cluster_file& cluster) {
  std::vector<config::role> roles;
  if (a.options.count("id") == 0)
    return roles;
  for (const auto& id : a.options["id"].as<std::vector<std::string>>()) {
    const auto role = find_role(cluster, id);
    if (!role)
      throw command_error{bad_usage, "there is no role \"" + id + "\" in " + cluster.path.string() +
                                         "; its roles are in the " + role_sections(cluster.engine)};
    roles.push_back(*role);
  }
  return roles;
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

/// Whether somebody leads; where nobody ever does, whether a majority is there.
bool can_decide(const config::cluster_file& cluster) {
  const auto probed = probe(cluster, false, std::chrono::milliseconds{500});
  const auto roles = probed.roles();
  if (cluster.engine != engine_kind::simple)
    return std::any_of(roles.begin(), roles.end(),
                       [](const probed_role& r) { return r.up && r.status.is_active(); });
  const auto up = std::count_if(roles.begin(), roles.end(), [](const auto& r) { return r.up; });
  return static_cast<std::size_t>(up) >= probed.known.configurations.latest().quorum();
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
      throw command_error{
          bad_usage, path.string() + " is not empty; nothing was formatted. If " + role.id.str() +
                         " is to start anew, remove the directory first, but never "
                         "that of " +
                         (role.kind == role_kind::server ? "a server" : "an acceptor") +
                         " that has taken part in a cluster: it would forget its "
                         "promises"};
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
    // A machine may have none of the cluster's roles, and so no child.
    if (ready && children.any_exited() && children.all_exited()) {
      if (children.any_failed() && !children.stop_requested())
        throw command_error{internal_error, "all processes have ended (see above)"};
      break; // each was asked to: a terminal's Ctrl-C reaches them, perhaps before this process
    }
    if (ready)
      continue;
    if (children.stop_requested()) // so that they end is no surprise
      break;
    if (children.any_exited())
      throw command_error{internal_error, "a process did not start (see above); all were stopped"};
    if (children.all_printed("ready ") && can_decide(cluster)) {
      ready = true;
      std::printf("ready\n");
      std::fflush(stdout);
    }
  }
  children.stop();
  return done;
}

} // namespace pmmc::cli
