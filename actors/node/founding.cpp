#include "node/founding.hpp"

#include "membership/own_facts.hpp"
#include "node/log.hpp"
#include "node/probe.hpp"
#include "node/start_error.hpp"
#include "storage/data_directory.hpp"
#include "storage/posix_disk.hpp"
#include "wire/protocol.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace pmmc {

namespace {

founding joinable(const cluster_facts& facts, const config::cluster_file& cluster,
                  std::string_view machine, const std::string& whose) {
  if (const auto why = why_other_program(facts, own_facts(cluster, machine), cluster.path.string());
      !why.empty())
    throw start_error{"nothing was formatted: there is a cluster already, as " + whose +
                      " knows, and this program cannot join it: " + why};
  return {facts};
}

} // namespace

cluster_facts own_facts(const config::cluster_file& cluster, std::string_view machine) {
  return {cluster.first, cluster.window, std::string{to_string(cluster.engine)}, protocol_name(),
          std::string{machine}};
}

void format_role(const config::cluster_file& cluster, const config::role& role,
                 const founding& origin) {
  storage::data_directory::format(storage::real_disk(), cluster.data / role.id.str(),
                                  {.cluster = cluster.name,
                                   .kind = role.kind,
                                   .id = role.id,
                                   .format_id = {},
                                   .facts = origin.facts});
}

founding find_founding(const config::cluster_file& cluster, std::string_view machine,
                       std::chrono::milliseconds timeout) {
  std::error_code none_there;
  for (const auto& entry : std::filesystem::directory_iterator{cluster.data, none_there}) {
    try {
      if (!storage::real_disk().exists(entry.path() / "FORMAT"))
        continue;
      const auto info =
          storage::data_directory::open_read_only(storage::real_disk(), entry.path()).info();
      if (info.cluster == cluster.name)
        return joinable(info.facts, cluster, machine,
                        "the data directory " + entry.path().string());
    } catch (const storage::storage_error& e) {
      spdlog::warn("{}; another source is asked how the cluster began", e.what());
    }
  }
  const auto probed = probe(cluster, false, timeout);
  for (const auto& [address, process] : probed.processes)
    if (process.why.empty() && !process.status.known.configurations.empty())
      return joinable(process.status.facts, cluster, machine, "the process at " + address);
  return {own_facts(cluster, machine), false};
}

} // namespace pmmc
