#include "config/cluster_file.hpp"

#include "config/cluster_check.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace pmmc::config {

namespace po = boost::program_options;

namespace {

po::options_description known_options() {
  po::options_description options;
  auto add = options.add_options();
  add("cluster.name", po::value<std::string>()->required());
  add("cluster.engine",
      po::value<std::string>()->default_value(std::string{to_string(default_engine)}));
  add("cluster.window", po::value<std::uint32_t>()->default_value(default_window));
  add("cluster.data", po::value<std::string>()->default_value(""));
  for (const auto* wildcard :
       {"acceptor.*", "leader.*", "replica.*", "server.*", "redis.*", "http.*"})
    add(wildcard, po::value<std::string>());
  return options;
}

// "acceptor.a1 = 127.0.0.1:7101" and the like; [cluster] is read elsewhere.
void take_option(cluster_file& file, const po::option& option) {
  auto dot = option.string_key.find('.');
  auto section = option.string_key.substr(0, dot);
  if (section == "cluster")
    return;
  role_id id{option.string_key.substr(dot + 1)};
  const auto& address = option.value.front();
  if (auto kind = to_member_kind(section))
    file.first.members(*kind).push_back({id, address});
  else
    (section == "redis" ? file.redis : file.http).emplace(id, address);
}

// Precondition: the checks found no errors. Throws po::error if Boost finds one all the same.
cluster_file read_cluster(std::string_view contents, const std::filesystem::path& path) {
  auto options = known_options();
  std::istringstream in{std::string{contents}};
  auto parsed = po::parse_config_file(in, options);
  po::variables_map settings;
  po::store(parsed, settings);
  po::notify(settings);

  cluster_file file;
  file.path = std::filesystem::absolute(path).lexically_normal();
  file.name = settings["cluster.name"].as<std::string>();
  file.engine = *to_engine_kind(settings["cluster.engine"].as<std::string>());
  file.window = settings["cluster.window"].as<std::uint32_t>();
  auto data = settings["cluster.data"].as<std::string>();
  std::filesystem::path relative = data;
  if (data.empty())
    relative = std::filesystem::path{"var"} / file.name;
  file.data = (file.path.parent_path() / relative).lexically_normal();
  for (const auto& option : parsed.options)
    take_option(file, option);
  return file;
}

} // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= role_id::max_size &&
         id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
             std::string_view::npos;
}

std::string process::ids() const {
  std::string ids;
  for (const auto& r : roles)
    ids.append(ids.empty() ? "" : " ").append(r.id.view());
  return ids;
}

load_result parse_cluster_file(std::string_view contents, const std::filesystem::path& path) {
  if (contents.starts_with("\xEF\xBB\xBF")) // a byte order mark, which Boost does not know
    contents.remove_prefix(3);
  findings errors;
  findings warnings;
  check_cluster(scan_ini(contents, errors), errors, warnings);
  load_result result{std::nullopt, errors.report(path)};
  if (!errors.empty())
    return result;
  try {
    result.file = read_cluster(contents, path);
    result.file->warnings = warnings.report(path);
  } catch (const po::error& e) {
    result.errors.push_back(path.string() + ":1: " + e.what());
  }
  return result;
}

load_result load_cluster_file(const std::filesystem::path& path) {
  auto unreadable = [&](const std::string& why) {
    auto error = path.string() + ": cannot be read: " + why +
                 "; name a cluster file, such as --config config/separate3.conf";
    return load_result{std::nullopt, {error}};
  };
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    return unreadable("it is a directory");
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  std::string contents{std::istreambuf_iterator<char>{in}, {}};
  if (!in.is_open() || in.bad())
    return unreadable(std::generic_category().message(errno));
  return parse_cluster_file(contents, path);
}

std::vector<role> roles_of(const configuration& c) {
  std::vector<role> roles;
  for (const auto kind : all_member_kinds)
    for (const auto& m : c.members(kind))
      roles.push_back({m.id, kind, m.address});
  return roles;
}

std::vector<process> processes_of(const configuration& c) {
  std::vector<process> processes;
  for (auto& r : roles_of(c)) {
    auto known = std::find_if(processes.begin(), processes.end(),
                              [&](const process& p) { return p.address == r.address; });
    if (known == processes.end())
      known = processes.insert(processes.end(), {r.address, {}});
    known->roles.push_back(std::move(r));
  }
  return processes;
}

std::optional<role> find_role(const configuration& c, const role_id& id) {
  for (const auto& r : roles_of(c))
    if (r.id == id)
      return r;
  return std::nullopt;
}

} // namespace pmmc::config
