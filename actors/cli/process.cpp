// `pmmc init`, `pmmc start`, `pmmc up`.
#include "children.hpp"
#include "cli.hpp"
#include "probe.hpp"
#include "storage/data_directory.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

namespace pmmc::cli {

namespace {

std::vector<config::role> named_roles(const arguments& a, const config::cluster_file& cluster) {
  std::vector<config::role> roles;
  if (a.options.count("id") == 0)
    return roles;
  for (const auto& id : a.options["id"].as<std::vector<std::string>>()) {
    const auto role = id.size() <= role_id::max_size ? config::find_role(cluster.first, role_id{id})
                                                     : std::nullopt;
    if (!role)
      throw command_error{bad_usage, "there is no role \"" + id + "\" in " + cluster.path.string() +
                                         "; its roles are in the sections [acceptor], [leader] and "
                                         "[replica]"};
    roles.push_back(*role);
  }
  return roles;
}

void format_all(const config::cluster_file& cluster, const std::vector<config::role>& roles) {
  for (const auto& role : roles) {
    format_role(cluster, role);
    std::printf("formatted %s\n", (cluster.data / role.id.str()).c_str());
  }
}

config::process process_at(const config::cluster_file& cluster, const std::string& address) {
  for (auto& p : config::processes_of(cluster.first))
    if (p.address == address)
      return p;
  throw command_error{internal_error, "no process has the address " + address};
}

std::vector<std::string> start_command(const config::cluster_file& cluster,
                                       const config::process& process) {
  return {"/proc/self/exe",      "start", "--config",
          cluster.path.string(), "--id",  process.roles.front().id.str()};
}

bool has_active_leader(const config::cluster_file& cluster) {
  const auto roles = probe(cluster, false, std::chrono::milliseconds{500});
  return std::any_of(roles.begin(), roles.end(),
                     [](const probed_role& r) { return r.up && r.status.state.active; });
}

} // namespace

int init(const arguments& a) {
  a.expect_words(0, 0, "init [--id ID]...");
  const auto cluster = a.load_cluster();
  auto roles = named_roles(a, cluster);
  if (roles.empty())
    roles = config::roles_of(cluster.first);
  for (const auto& role : roles)
    if (const auto path = cluster.data / role.id.str();
        !storage::data_directory::is_unformatted(path))
      throw command_error{bad_usage, path.string() + " is not empty; nothing was formatted. If " +
                                         role.id.str() +
                                         " is to start anew, remove the directory first, but never "
                                         "that of an acceptor that has taken part in a cluster: it "
                                         "would forget its promises"};
  format_all(cluster, roles);
  return done;
}

int start(const arguments& a) {
  a.expect_words(0, 0, "start --id ID [--id ID]...");
  const auto cluster = a.load_cluster();
  const auto roles = named_roles(a, cluster);
  if (roles.empty())
    throw command_error{bad_usage, "which role? Name it with --id ID"};
  for (const auto& role : roles)
    if (role.address != roles.front().address)
      throw command_error{bad_usage, roles.front().id.str() + " (" + roles.front().address +
                                         ") and " + role.id.str() + " (" + role.address +
                                         ") do not live in one process: start each by itself"};
  if (!cluster.redis.empty() || !cluster.http.empty())
    std::fprintf(stderr, "pmmc: warning: the sections [redis] and [http] are not served by this "
                         "version; they are ignored\n");
  serve(cluster, process_at(cluster, roles.front().address), a.make_machine);
}

int up(const arguments& a) {
  a.expect_words(0, 0, "up");
  const auto cluster = a.load_cluster();
  std::vector<config::role> fresh;
  for (const auto& role : config::roles_of(cluster.first))
    if (storage::data_directory::is_unformatted(cluster.data / role.id.str()))
      fresh.push_back(role);
  // Before anything that starts threads: formatting starts RocksDB's, which would take the signals.
  child_processes children;
  format_all(cluster, fresh);
  std::fflush(stdout);
  for (const auto& process : config::processes_of(cluster.first))
    children.start(process.ids(), start_command(cluster, process));
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
