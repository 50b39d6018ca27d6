// `pmmc bench`.
#include "cli.hpp"
#include "config/address.hpp"
#include "load/options.hpp"
#include "load/report.hpp"
#include "load/socket_load.hpp"
#include "node/json_text.hpp"
#include "node/native_load.hpp"
#include "node/probe.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

namespace pmmc::cli {

namespace {

namespace po = boost::program_options;

constexpr std::size_t usual_sessions = 8;
constexpr std::chrono::milliseconds status_patience{1'000};

/// What else the user wants, beside the plan.
struct bench_settings {
  load::plan plan;
  std::size_t sessions = 0;
  role_id replica;
  bool redis = false;
  std::vector<std::string> redis_addresses;
  unsigned wait_for = 0;
};

std::vector<std::string> split_addresses(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in{text};
  for (std::string word; std::getline(in, word, ',');) {
    std::string error;
    if (!config::parse_address(word, error))
      throw command_error{bad_usage, "--redis: " + error};
    all.push_back(word);
  }
  return all;
}

bench_settings settings_of(const arguments& a) {
  bench_settings s;
  s.plan = load::plan_from(a.options);
  s.plan.timeout = a.timeout;
  s.sessions = std::min(a.options["sessions"].as<std::size_t>(), s.plan.clients);
  if (s.sessions == 0)
    throw command_error{bad_usage, "--sessions takes 1 or more"};
  if (a.options.count("replica") > 0)
    s.replica = role_id{a.options["replica"].as<std::string>()};
  s.redis = a.options.count("redis") > 0;
  if (s.redis)
    s.redis_addresses = split_addresses(a.options["redis"].as<std::string>());
  s.wait_for = a.options["wait"].as<unsigned>();
  if (s.wait_for > 0 && !s.redis)
    throw command_error{bad_usage, "--wait goes with --redis only"};
  if (!s.replica.empty() && !s.redis_addresses.empty())
    throw command_error{bad_usage, "--replica and --redis=HOST:PORT both say whom to talk to; "
                                   "give one of them"};
  return s;
}

/// The Redis ports of the config file: all of them, or that of --replica.
std::vector<std::string> ports_of(const config::cluster_file& cluster, const role_id& replica) {
  std::vector<std::string> all;
  for (const auto& [id, address] : cluster.redis)
    if (replica.empty() || id == replica)
      all.push_back(address);
  if (all.empty())
    throw command_error{bad_usage,
                        cluster.path.string() + " names no Redis port" +
                            (replica.empty() ? "" : " of " + replica.str()) +
                            "; add one under [redis], or name it with --redis=HOST:PORT"};
  return all;
}

/// The slot that the furthest replica performs next.
std::optional<std::uint64_t> next_slot(const config::cluster_file& cluster) {
  std::optional<std::uint64_t> furthest;
  for (const auto& r : probe(cluster, false, status_patience).roles())
    if (r.up && serves_clients(r.role.kind))
      furthest = std::max(furthest.value_or(0), r.status.slot_out());
  return furthest;
}

load::servers servers_of(const config::cluster_file& cluster) {
  load::servers all;
  const auto known = members_on_disk(cluster);
  for (const auto& process : config::processes_of(known.configurations.latest())) {
    std::string http;
    for (const auto& role : process.roles)
      if (const auto port = cluster.http.find(role.id); port != cluster.http.end())
        http = port->second;
    all.processes.push_back(load::servers::listening_at(process.address, http));
  }
  all.next_slot = [cluster] { return next_slot(cluster); };
  return all;
}

load::servers servers_of(const arguments& a, const bench_settings& s,
                         const std::optional<config::cluster_file>& cluster) {
  load::servers all;
  if (cluster)
    all = servers_of(*cluster);
  else
    for (const auto& address : s.redis_addresses)
      all.processes.push_back(load::servers::listening_at(address));
  const auto pids = load::server_pids(a.options);
  if (pids.empty())
    return all;
  if (!cluster)
    all.processes.clear();
  for (const auto pid : pids)
    all.processes.push_back(load::servers::numbered(pid));
  return all;
}

int code_of(const load::recorder::results& r) {
  const auto count = [&](load::ending e) {
    return r.all_puts[static_cast<std::size_t>(e)] + r.all_gets[static_cast<std::size_t>(e)];
  };
  if (count(load::ending::unknown) > 0)
    return outcome_unknown;
  if (count(load::ending::not_executed) > 0)
    return not_executed;
  return count(load::ending::refused) > 0 ? bad_usage : done;
}

load::measurement run_redis(const bench_settings& s, const load::servers& asked) {
  load::recorder recorder{s.plan};
  auto at_rest = load::usage_of_all(asked);
  load::socket_load load{s.redis_addresses, std::make_unique<load::redis_dialect>(s.wait_for),
                         s.plan, recorder};
  return load::measure(s.plan, recorder, asked, std::move(at_rest), [&] { load.stop(); });
}

load::measurement run_native(const bench_settings& s, const config::cluster_file& cluster,
                             const load::servers& asked) {
  load::recorder recorder{s.plan};
  auto at_rest = load::usage_of_all(asked);
  native_load load{cluster, s.plan, s.sessions, s.replica, recorder};
  return load::measure(s.plan, recorder, asked, std::move(at_rest), [&] { load.stop(); });
}

} // namespace

po::options_description bench_options() {
  auto options = load::plan_options();
  auto add = options.add_options();
  add("sessions", po::value<std::size_t>()->default_value(usual_sessions),
      "client sessions that the clients share, at most one each");
  add("replica", po::value<std::string>(), "talk to this one only");
  add("redis", po::value<std::string>()->implicit_value(""),
      "speak the Redis protocol, one socket a client: with the config file's ports, or "
      "=HOST:PORT,...");
  add("wait", po::value<unsigned>()->default_value(0),
      "with --redis: \"WAIT N\" behind each put, part of the operation");
  return options;
}

int bench(const arguments& a) {
  a.expect_words(0, 0);
  auto s = settings_of(a);
  std::optional<config::cluster_file> cluster;
  if (!s.redis || s.redis_addresses.empty() || a.options.count("config") > 0)
    cluster = a.load_cluster();
  if (s.redis && s.redis_addresses.empty())
    s.redis_addresses = ports_of(*cluster, s.replica);
  if (cluster && !s.replica.empty() && !cluster->first.has_replica(s.replica) &&
      !cluster->first.has_server(s.replica))
    throw command_error{bad_usage, cluster->path.string() + " names no replica " + s.replica.str()};
  const auto asked = servers_of(a, s, cluster);
  try {
    const auto m = s.redis ? run_redis(s, asked) : run_native(s, *cluster, asked);
    if (a.json) {
      auto j = load::to_json(m);
      j["protocol"] = s.redis ? "redis" : "native";
      if (s.redis)
        j["sockets"] = s.plan.clients;
      else
        j["sessions"] = s.sessions;
      std::printf("%s\n", json_text(j, 2).c_str());
    } else {
      std::printf("%s", load::to_text(m).c_str());
    }
    return code_of(m.results);
  } catch (const load::no_answers& e) {
    throw command_error{not_executed,
                        std::string{e.what()} + ". Check `pmmc status`, then try again"};
  } catch (const load::connect_error& e) {
    throw command_error{not_executed, std::string{"cannot connect with "} + e.what()};
  }
}

} // namespace pmmc::cli
