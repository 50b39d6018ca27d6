#include "config/cluster_file.hpp"

#include <doctest/doctest.h>

using namespace pmmc::config;
using pmmc::engine_kind;
using pmmc::member;
using lines = std::vector<std::string>;

namespace {

/// A file without mistakes that tests add theirs to; it ends in the section [replica], line 12.
const std::string good = R"([cluster]
name = test
[acceptor]
a1 = h:1
a2 = h:2
a3 = h:3
[leader]
l1 = h:11
l2 = h:12
[replica]
r1 = h:21
r2 = h:22
)";

/// The same of servers; it ends in the section [server], line 7.
const std::string of_servers = R"([cluster]
name = test
engine = raft
[server]
s1 = h:1
s2 = h:2
s3 = h:3
)";

load_result parse(const std::string& contents) {
  return parse_cluster_file(contents, "dir/x.conf");
}

/// `file` with its line number `line` replaced.
std::string replaced(const std::string& file, std::size_t line, const std::string& text) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i < line; ++i)
    begin = file.find('\n', begin) + 1;
  return std::string{file}.replace(begin, file.find('\n', begin) - begin, text);
}

std::string with_line(std::size_t line, const std::string& text) {
  return replaced(good, line, text);
}

/// `of_servers` without its line `engine`, and with `text` in place of line `line`.
std::string servers_with_line(std::size_t line, const std::string& text) {
  return replaced(replaced(of_servers, 3, "# no engine"), line, text);
}

/// Checks that the only mistake is in `line`, and says `part`.
void check_mistake(const std::string& contents, std::size_t line, const std::string& part) {
  CAPTURE(contents);
  auto result = parse(contents);
  CHECK_FALSE(result.file);
  REQUIRE(result.errors.size() == 1);
  CAPTURE(result.errors[0]);
  CHECK(result.errors[0].starts_with("dir/x.conf:" + std::to_string(line) + ": "));
  CHECK(result.errors[0].find(part) != std::string::npos);
  CHECK(result.errors[0].find("; ") != std::string::npos);
}

} // namespace

TEST_CASE("a file without mistakes") {
  auto result = parse(good + "[redis]\nr1 = 0.0.0.0:31 # Redis\n[http]\na1 = h:41\nr2=[::1]:42\n");
  CHECK(result.errors.empty());
  CHECK(result.file->warnings.empty());
  REQUIRE(result.file);
  const auto& file = *result.file;
  auto directory = std::filesystem::absolute("dir").lexically_normal();
  CHECK(file.path == directory / "x.conf");
  CHECK(file.name == "test");
  CHECK(file.engine == engine_kind::pmmc);
  CHECK(file.window == 128);
  CHECK(file.data == directory / "var/test");
  CHECK(file.first.version == 1);
  CHECK(file.first.first_slot == 1);
  CHECK(file.first.acceptors == std::vector<member>{{"a1", "h:1"}, {"a2", "h:2"}, {"a3", "h:3"}});
  CHECK(file.first.leaders == std::vector<member>{{"l1", "h:11"}, {"l2", "h:12"}});
  CHECK(file.first.replicas == std::vector<member>{{"r1", "h:21"}, {"r2", "h:22"}});
  CHECK(file.redis == std::map<pmmc::role_id, std::string>{{"r1", "0.0.0.0:31"}});
  CHECK(file.http == std::map<pmmc::role_id, std::string>{{"a1", "h:41"}, {"r2", "[::1]:42"}});
}

TEST_CASE("a file of servers: their engine, and their ports") {
  auto result = parse(of_servers + "[redis]\ns1 = 0.0.0.0:31\n[http]\ns3 = h:41\n");
  CHECK(result.errors.empty());
  REQUIRE(result.file);
  const auto& file = *result.file;
  CHECK(file.warnings.empty());
  CHECK(file.engine == engine_kind::raft);
  CHECK(file.first.servers == std::vector<member>{{"s1", "h:1"}, {"s2", "h:2"}, {"s3", "h:3"}});
  CHECK(file.first.is_whole());
  CHECK(file.redis == std::map<pmmc::role_id, std::string>{{"s1", "0.0.0.0:31"}});
  CHECK(file.http == std::map<pmmc::role_id, std::string>{{"s3", "h:41"}});
  CHECK(roles_of(file.first)[1] == role{"s2", pmmc::role_kind::server, "h:2"});
  CHECK(processes_of(file.first)[2].ids() == "s3");
  for (const auto engine : pmmc::all_engines) {
    const auto line = "name = x\nengine = " + std::string{to_string(engine)};
    const bool has_servers = engine != engine_kind::pmmc;
    CHECK(parse(has_servers ? servers_with_line(2, line) : with_line(2, line)).file->engine ==
          engine);
  }
}

TEST_CASE("window and data are taken from the file, and members keep its order") {
  auto file =
      parse("\xEF\xBB\xBF[cluster]\r\nname=x\r\nwindow = 7\r\ndata = ../d # here\r\n[replica]\n"
            "r2 = h:9\nr1 = h:8\n[leader]\nl = h:8\n[acceptor]\na = h:8\n")
          .file;
  REQUIRE(file);
  CHECK(file->window == 7);
  CHECK(file->data == std::filesystem::absolute("d").lexically_normal());
  CHECK(file->first.replicas == std::vector<member>{{"r2", "h:9"}, {"r1", "h:8"}});
  CHECK(parse(with_line(2, "name = x\ndata = /srv/pmmc")).file->data == "/srv/pmmc");
}

TEST_CASE("keys may name their section, as Boost reads them, and sections may come twice") {
  auto file =
      parse("cluster.name = x\nacceptor.a = h:1\n[leader]\nl=h:2\n[replica]\nr=h:3\n[leader]\n"
            "l2=h:4\n")
          .file;
  REQUIRE(file);
  CHECK(file->name == "x");
  CHECK(file->first.leaders.size() == 2);
}

TEST_CASE("roles at one address are one process") {
  auto file =
      parse("[cluster]\nname=x\n[acceptor]\na1=h:1\n[leader]\nl1=h:2\n[replica]\nr1=h:1\n").file;
  REQUIRE(file);
  auto processes = processes_of(file->first);
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].address == "h:1");
  CHECK(processes[0].ids() == "a1 r1");
  CHECK(processes[1].ids() == "l1");
  CHECK(roles_of(file->first).size() == 3);
  CHECK(find_role(file->first, "r1") == role{"r1", pmmc::role_kind::replica, "h:1"});
  CHECK_FALSE(find_role(file->first, "r2"));
}

TEST_CASE("mistakes of form") {
  check_mistake(good + "r3\n", 13, "\"r3\" is neither a setting nor a section");
  check_mistake(good + "[leader\n", 13, "neither");
  check_mistake(good + "# fine\n[acceptors]\na9 = h:9\n", 14, "unknown section \"[acceptors]\"");
  check_mistake(good + "[ leader ]\n", 13, "unknown section");
  check_mistake("x = 1\n" + good, 1, "above the first section");
  check_mistake("leaders.l9 = h:9\n" + good, 1, "unknown section \"[leaders]\"");
  check_mistake(with_line(2, "name = x\ntimeout = 1"), 3, "unknown key \"timeout\"");
}

TEST_CASE("mistakes in [cluster]") {
  check_mistake(with_line(2, ""), 1, "the cluster has no name");
  check_mistake(with_line(2, "name = "), 2, "name");
  check_mistake(with_line(2, "name = a b"), 2, "the name \"a b\"");
  check_mistake(with_line(2, "name = a\nname = b"), 3, "\"name\" is already set in line 2");
  check_mistake(with_line(2, "name = a\ndata ="), 3, "data is empty");
  for (const auto* window : {"", "0", "-1", "65537", "12x", "1.5", "99999999999999999999"})
    check_mistake(with_line(2, std::string{"name = a\nwindow = "} + window), 3, "write 1 to 65536");
  for (const auto* window : {"1", "65536"})
    CHECK(parse(with_line(2, std::string{"name = a\nwindow = "} + window)).file);
}

TEST_CASE("mistakes in ids") {
  check_mistake(good + "r/3 = h:9\n", 13, "the id \"r/3\"");
  check_mistake(good + "= h:9\n", 13, "the id \"\"");
  check_mistake(good + std::string(32, 'r') + " = h:9\n", 13, "1 to 31");
  CHECK(parse(good + std::string(31, 'r') + " = h:9\n").file);
  check_mistake(good + "r1 = h:9\n", 13, "\"r1\" is already set in line 11");
  check_mistake(good + "a1 = h:9\n", 13, "the id \"a1\" is already the acceptor in line 4");
}

TEST_CASE("mistakes in addresses") {
  for (const auto* address : {"", "h", "h:", ":9", "h:0", "h:65536", "h:9x", "h:09", "h h:9",
                              "::1:9", "[::1]", "[x]:9", "h:-1", "a:b:9"})
    check_mistake(good + "r3 = " + address + "\n", 13, "the address");
  for (const auto* address : {"0.0.0.0:9", "[::]:9"})
    check_mistake(good + "r3 = " + address + "\n", 13, "no other process can connect to");
  for (const auto* address : {"[::1]:9", "[fe80::1]:65535", "a-b.example.org:1", "10.0.0.1:9"})
    CHECK(parse(good + "r3 = " + address + "\n").file);
}

TEST_CASE("an address used twice") {
  CHECK(parse(good + "r3 = h:11\n").file); // with l1: one process
  check_mistake(good + "r3 = h:21\n", 13,
                "replica r3 would share a process with replica r1 in line 11");
  check_mistake(good + "r3 = H:11\n", 13, "written in another way; write h:11");
  check_mistake(good + "[redis]\nr1 = h:1\n", 14, "already the address of acceptor a1 in line 4");
  check_mistake(good + "[redis]\nr1 = h:21\n", 14, "already the address of replica r1 in line 11");
  check_mistake(good + "[redis]\nr1 = 0.0.0.0:22\n", 14, "already the address of replica r2");
  check_mistake(good + "[redis]\nr1 = h:31\n[http]\nr2 = h:31\n", 16, "[redis] of r1 in line 14");
  check_mistake(good + "l9 = h:9\n[http]\nl9 = h:31\nr1 = h:31\n", 16, "[http] of l9 in line 15");
  // The wildcard address is that of the process's own host.
  CHECK(parse(good + "r9 = other:9\n[redis]\nr9 = 0.0.0.0:1\n").file);
}

TEST_CASE("local host names mean one host") {
  check_mistake(with_line(8, "l1 = localhost:7") + "r3 = 127.0.0.1:7\n", 13,
                "written in another way");
}

TEST_CASE("mistakes in [redis] and [http]") {
  check_mistake(good + "[redis]\nr9 = h:31\n", 14, "there is no role \"r9\"; name a replica");
  check_mistake(good + "[redis]\na1 = h:31\n", 14, "\"a1\" is the acceptor in line 4");
  check_mistake(good + "[http]\nx = h:31\n", 14, "there is no role \"x\"");
  check_mistake(good + "[http]\nr1 = h:x\n", 14, "port");
  check_mistake(good + "[http]\nr1 = h:31\nr1 = h:32\n", 15, "already set in line 14");
  check_mistake(good + "l3 = h:11\n[http]\nl1 = h:31\nl3 = h:32\n", 16,
                "already has its [http] address");
}

TEST_CASE("roles that are missing") {
  check_mistake("[cluster]\nname=x\n[leader]\nl=h:1\n[replica]\nr=h:2\n", 6,
                "there are no acceptors");
  check_mistake("[leader]\n[cluster]\nname=x\n[acceptor]\na=h:1\n[replica]\nr=h:2\n", 1,
                "there are no leaders");
  check_mistake("[cluster]\nname=x\n[leader]\nl=h:1\n[acceptor]\na=h:2\n", 6,
                "there are no replicas");
}

TEST_CASE("an engine that there is not") {
  for (const auto* engine : {"", "Raft", "paxos", "raft simple"}) {
    const auto line = std::string{"name = a\nengine = "} + engine;
    const auto text = "there is no engine \"" + std::string{engine} + "\"";
    check_mistake(with_line(2, line), 3, text + "; write pmmc, raft or simple");
    check_mistake(servers_with_line(2, line), 3, text); // which roles are right is not known
  }
  check_mistake(servers_with_line(2, "name = a\nengine = raft\nengine = simple"), 4,
                "\"engine\" is already set in line 3");
}

TEST_CASE("roles of another engine") {
  check_mistake(of_servers + "[acceptor]\na1 = h:4\n", 8,
                "[acceptor] has no place where the engine is raft (in line 3), whose members are "
                "servers; name servers below [server], or leave engine out");
  check_mistake(of_servers + "[leader]\n", 8, "[leader] has no place");
  check_mistake("replica.r1 = h:4\n" + of_servers, 1, "[replica] has no place");
  check_mistake(good + "[server]\ns1 = h:4\n", 13,
                "[server] has no place where the engine is pmmc (which it is without a line "
                "engine), whose members are acceptors, leaders and replicas; write engine = raft "
                "or engine = simple below [cluster], or name acceptors, leaders and replicas");
  check_mistake("server.s1 = h:4\n" + good, 1, "[server] has no place");
}

TEST_CASE("a file whose roles are all of another engine is one mistake a section") {
  check_mistake(servers_with_line(2, "name = a"), 4, "[server] has no place");
  auto result = parse(with_line(2, "name = a\nengine = simple") + "[redis]\nr1 = h:31\na1=h:32\n");
  lines begins = {"dir/x.conf:4: [acceptor] has no place", "dir/x.conf:8: [leader] has no place",
                  "dir/x.conf:11: [replica] has no place"};
  REQUIRE(result.errors.size() == begins.size());
  for (std::size_t i = 0; i < begins.size(); ++i)
    CHECK(result.errors[i].starts_with(begins[i]));
}

TEST_CASE("mistakes in servers") {
  check_mistake("[cluster]\nname = x\nengine = raft\n", 3,
                "there are no servers; write at least one below [server], such as s1 = "
                "127.0.0.1:7601");
  check_mistake("[cluster]\nname = x\nengine = simple\n[server]\n[http]\n", 4,
                "there are no servers");
  check_mistake(of_servers + "s1 = h:9\n", 8, "\"s1\" is already set in line 5");
  check_mistake(of_servers + "s/4 = h:9\n", 8, "the id \"s/4\"");
  check_mistake(of_servers + "s4 = 0.0.0.0:9\n", 8, "no other process can connect to");
  check_mistake(of_servers + "s4 = h:3\n", 8,
                "server s4 would share a process with server s3 in line 7");
  check_mistake(of_servers + "[redis]\nr1 = h:31\n", 9,
                "there is no role \"r1\"; name a server of this file");
  check_mistake(of_servers + "[redis]\ns1 = h:2\n", 9,
                "already the address of server s2 in line 6");
}

TEST_CASE("all mistakes are told at once, in the order of the lines") {
  auto result =
      parse("x\n[cluster]\nwindow=0\n[redis]\nq=h:1\n[acceptor]\na b=h\n[leader]\nl=h:1\nl=h:2\n");
  CHECK_FALSE(result.file);
  lines begins = {"dir/x.conf:1: \"x\"",
                  "dir/x.conf:2: the cluster has no name",
                  "dir/x.conf:3: the window",
                  "dir/x.conf:5: there is no role",
                  "dir/x.conf:7: the id",
                  "dir/x.conf:7: the address",
                  "dir/x.conf:10: \"l\" is already",
                  "dir/x.conf:10: there are no replicas"};
  REQUIRE(result.errors.size() == begins.size());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    CAPTURE(result.errors[i]);
    CHECK(result.errors[i].starts_with(begins[i]));
  }
}

TEST_CASE("an empty file lacks everything, in line 1") {
  auto result = parse("");
  CHECK(result.errors.size() == 4);
  for (const auto& error : result.errors)
    CHECK(error.starts_with("dir/x.conf:1: "));
}

TEST_CASE("an even number of acceptors is a warning") {
  auto result = parse(with_line(6, "a3 = h:3\na4 = h:4"));
  REQUIRE(result.file);
  CHECK(result.file->warnings ==
        lines{"dir/x.conf:3: 4 acceptors need a quorum of 3 and survive 1 failure, no "
              "more than 3 acceptors would; make them 3 or 5"});
}

TEST_CASE("an even number of servers is a warning") {
  auto result = parse(of_servers + "s4 = h:4\n");
  REQUIRE(result.file);
  CHECK(result.file->warnings ==
        lines{"dir/x.conf:4: 4 servers need a quorum of 3 and survive 1 failure, no more than 3 "
              "servers would; make them 3 or 5"});
}

TEST_CASE("fewer leaders or replicas than failures to survive is a warning") {
  auto result = parse(with_line(9, ""));
  REQUIRE(result.file);
  CHECK(result.file->warnings ==
        lines{"dir/x.conf:7: 1 leader survives 0 failures, the acceptors survive 1; "
              "make them 2 or more"});
}

TEST_CASE("binary garbage is told in lines that can be printed") {
  auto result = parse(std::string("\0\x1b[31m\n", 7) + std::string(500, '\xff'));
  CHECK_FALSE(result.file);
  for (const auto& error : result.errors) {
    CHECK(error.size() < 300);
    CHECK(error.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("a file that cannot be read is one clear error") {
  for (const auto* path : {"no/such/file.conf", "."}) {
    auto result = load_cluster_file(path);
    CHECK_FALSE(result.file);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].find(std::string{path} + ": cannot be read: ") == 0);
  }
}
