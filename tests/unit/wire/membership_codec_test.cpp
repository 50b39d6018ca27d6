// The codec of what nodes tell each other: configurations and former members.
#include "membership/reconfiguration.hpp"
#include "unit/wire/codec_stage.hpp"

namespace pmmc::test {

namespace {

configuration some_configuration(config_version version) {
  return {version, 10 * version - 9, {{"a1", "h:1"}}, {{"l1", "h:2"}}, {{"r1", "h:3"}}};
}

configuration some_servers() { return {1, 1, {}, {}, {}, {{"s1", "h:1"}, {"s2", "h:2"}}}; }

/// As config_history is written, of whatever parts.
std::string history_bytes(const std::vector<configuration>& configurations,
                          const std::vector<former_member>& former) {
  std::string bytes;
  {
    wire::writer<std::string> out{bytes};
    out.put(configurations);
    out.put(former);
  }
  return bytes;
}

std::string_view why_no_history(const std::vector<configuration>& configurations,
                                const std::vector<former_member>& former = {}) {
  config_history history;
  return wire::decode(history_bytes(configurations, former), history);
}

former_member gone(const std::string& id) { return {role_kind::acceptor, id, "h:1", "", 2}; }

} // namespace

TEST_CASE_FIXTURE(codec_stage, "what nodes tell each other arrives as it was sent") {
  for (int i = 0; i < 100; ++i) {
    const auto sent = draw<membership>();
    const auto bytes = bytes_of(sent);
    membership received;
    REQUIRE(wire::decode(bytes, received) == "");
    CHECK(received == sent);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE(wire::decode(std::string_view{bytes}.substr(0, size), received) != "");
    CHECK(wire::decode(bytes + '\0', received) != "");
  }
}

TEST_CASE("configurations follow each other, and former members are in order") {
  CHECK(why_no_history({}) == "");
  CHECK(why_no_history({some_configuration(1), some_configuration(2)}) == "");
  CHECK(why_no_history({some_configuration(2), some_configuration(1)}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({some_configuration(1), some_configuration(1)}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({configuration{1, 1, {}, {}, {}}}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({some_configuration(2)}) == // nobody would act for slot 1
        "configurations that do not follow each other");
  CHECK(why_no_history({configuration{1, 1, {{"x", "h:1"}}, {{"x", "h:2"}}, {{"r1", "h:3"}}}}) ==
        "configurations that do not follow each other");
  CHECK(why_no_history({some_configuration(1)}, {gone("a2"), gone("a3")}) == "");
  CHECK(why_no_history({some_servers()}) == "");
  for (const auto* second : {"a1", "a2"})
    CHECK(why_no_history({some_configuration(1)}, {gone("a2"), gone(second)}) ==
          "former members that are not in order");
  auto client = gone("a2");
  client.kind = role_kind::client;
  CHECK(why_no_history({some_configuration(1)}, {client}) == "there is no such kind of member");
  client.kind = role_kind::server;
  CHECK(why_no_history({some_configuration(1)}, {client}) == "");
  client.kind = static_cast<role_kind>(6);
  CHECK(why_no_history({some_configuration(1)}, {client}) == "there is no such kind of member");
}

TEST_CASE("a configuration is of servers, or of PMMC's roles, and not of both") {
  for (const auto kind : pmmc_kinds) {
    auto mixed = some_servers();
    mixed.members(kind).push_back({"x1", "h:9"});
    CHECK(why_no_history({mixed}) == "configurations that do not follow each other");
  }
  auto mixed = some_configuration(1);
  mixed.servers.push_back({"s1", "h:9"});
  CHECK(why_no_history({mixed}) == "configurations that do not follow each other");
  auto next = some_servers();
  next.version = next.first_slot = 2;
  CHECK(why_no_history({some_servers(), next}) == "");
  CHECK(why_no_history({some_configuration(1), next}) ==
        "configurations that do not follow each other");
  auto twice = some_servers();
  twice.servers.push_back(twice.servers.front());
  CHECK(why_no_history({twice}) == "configurations that do not follow each other");
}

TEST_CASE("no more configurations and former members than are ever kept") {
  std::vector<configuration> configurations;
  while (configurations.size() <= config_history::most_kept)
    configurations.push_back(some_configuration(configurations.size() + 1));
  std::vector<former_member> former;
  while (former.size() < config_history::most_former_members)
    former.push_back(gone("x" + std::to_string(10'000 + former.size())));
  CHECK(why_no_history(configurations, former) == "");
  former.push_back(gone("y"));
  CHECK(why_no_history(configurations, former) ==
        "more configurations or former members than are ever kept");
  configurations.push_back(some_configuration(configurations.size() + 1));
  CHECK(why_no_history(configurations) ==
        "more configurations or former members than are ever kept");
}

} // namespace pmmc::test
