// src/config: the cluster file and the addresses in it.
#include "target.hpp"

#include "config/address.hpp"
#include "config/cluster_file.hpp"

#include <set>

namespace pmmc::fuzz {

namespace {

using namespace config;

constexpr std::string_view good_file = R"(# comment
[cluster]
name   = local3
window = 128   # WINDOW
data   = var/local3
[acceptor]
a1 = 127.0.0.1:7101
a2 = host:7102
a3 = [::1]:7103
[leader]
l1 = 127.0.0.1:7101
l2 = 127.0.0.1:7202
[replica]
r1 = 127.0.0.1:7101
r2 = 127.0.0.1:7302
[redis]
r1 = 127.0.0.1:7401
[http]
a2 = 0.0.0.0:7501
)";

void check_good(const cluster_file& file) {
  demand(!file.name.empty() && file.window >= 1 && file.window <= max_window, "its settings");
  demand(!file.first.acceptors.empty() && !file.first.leaders.empty() &&
             !file.first.replicas.empty(),
         "a good file has a member of each kind");
  std::set<role_id> ids;
  std::string error;
  for (const auto& r : roles_of(file.first)) {
    demand(is_valid_id(r.id.view()), "a good file's ids are valid");
    demand(ids.insert(r.id).second, "ids are there once");
    demand(parse_address(r.address, error).has_value(), "addresses of roles can be read");
    demand(find_role(file.first, r.id) == r, "a role is found by its id");
  }
  std::size_t roles = 0;
  for (const auto& p : processes_of(file.first))
    roles += p.roles.size();
  demand(roles == ids.size(), "each role lives in one process");
}

void try_cluster_file(std::string_view bytes) {
  const auto result = parse_cluster_file(bytes, "/some/where/c.conf");
  demand(result.file.has_value() == result.errors.empty(), "there is a file or there are errors");
  const auto demand_lines = [](const std::vector<std::string>& lines) {
    for (const auto& line : lines) {
      demand(line.find("c.conf:") != std::string::npos, "each message names file and line");
      demand(line.find('\n') == std::string::npos, "each message is one line");
    }
  };
  demand_lines(result.errors);
  if (result.file) {
    demand_lines(result.file->warnings);
    check_good(*result.file);
  }
}

void try_address(std::string_view bytes) {
  std::string error;
  const auto read = parse_address(bytes, error);
  demand(read.has_value() == error.empty(), "an address or an error");
  if (read) {
    demand(read->port > 0, "port 0 is none");
    demand(parse_address(to_string(*read), error) == read, "an address can be written and read");
    demand(canonical_host(canonical_host(read->host)) == canonical_host(read->host),
           "canonical_host of its result changes nothing");
  }
}

const target cluster_files{
    "cluster_file", try_cluster_file, [] {
      return std::vector<std::string>{
          std::string{good_file},
          "cluster.name = x\nacceptor.a = h:1\n[leader]\nl=h:2\n[replica]\nr=h:3\n",
          "\xef\xbb\xbf[cluster]\r\nname=x\r\nwindow = 7\r\n[acceptor]\na=h:8\n[leader]\nl=h:8\n"
          "[replica]\nr=h:8\n"};
    }};
const target addresses{"address", try_address, [] {
                         return std::vector<std::string>{"127.0.0.1:7101",    "[::1]:1",
                                                         "a.host-name:65535", "0.0.0.0:80",
                                                         "[fe80::1%eth0]:9",  "LOCALHOST:1"};
                       }};

} // namespace

} // namespace pmmc::fuzz
