#include "core_helpers.hpp"
#include "membership/reconfiguration.hpp"
#include "service/replicated_state.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>

using namespace pmmc;
using namespace pmmc::test;

namespace {

constexpr auto acceptor_kind = role_kind::acceptor;
constexpr auto leader_kind = role_kind::leader;
constexpr auto replica_kind = role_kind::replica;

reconfiguration removing(config_version replaces, std::vector<reconfiguration::removal> remove,
                         std::vector<reconfiguration::addition> add = {}) {
  return {replaces, std::move(remove), std::move(add)};
}

member newcomer(const char* id, const char* address = "host9:1", const char* disk = "disk") {
  return {id, address, disk};
}

std::string why_not(const reconfiguration& r, const config_history& before) {
  std::string why;
  CHECK_FALSE(apply(r, before, why));
  return why;
}

/// Versions 1 to `count`, each with another a9 than the one before or without it.
config_history history_of(std::size_t count, std::uint64_t window = 10) {
  config_history history{make_config()};
  for (slot_num slot = 1; history.latest().version < count; slot += 2 * window) {
    const auto o =
        history.latest().has_acceptor("a9")
            ? reconfigure(removing(history.latest().version, {{acceptor_kind, "a9"}}), slot, window,
                          history)
            : reconfigure(removing(history.latest().version, {}, {{acceptor_kind, newcomer("a9")}}),
                          slot, window, history);
    REQUIRE(o.status == reconfiguration_status::accepted);
  }
  return history;
}

} // namespace

TEST_CASE("reconfiguration: a cluster has members of one engine, for ever") {
  const config_history roles{make_config()};
  CHECK(why_not(removing(1, {}, {{role_kind::server, newcomer("s1")}}), roles) ==
        "server s1 cannot be added: the members of this cluster are acceptors, leaders and "
        "replicas: it has no servers");
  configuration three;
  three.servers = {{"s1", "host1:1"}, {"s2", "host2:1"}, {"s3", "host3:1"}};
  const config_history servers{three};
  CHECK(why_not(removing(1, {}, {{replica_kind, newcomer("r1")}}), servers) ==
        "replica r1 cannot be added: the members of this cluster are servers: it has no "
        "acceptors, leaders or replicas");
  CHECK(why_not(removing(1, {{role_kind::server, "s1"},
                             {role_kind::server, "s2"},
                             {role_kind::server, "s3"}}),
                servers) == "no server would be left");
  std::string why;
  const auto next =
      apply(removing(1, {{role_kind::server, "s3"}}, {{role_kind::server, newcomer("s4")}}),
            servers, why);
  REQUIRE(next);
  CHECK(ids_of(next->servers) == std::vector<role_id>{"s1", "s2", "s4"});
  CHECK(next->is_whole());
}

TEST_CASE("reconfiguration: members go and come in one step, and the version grows") {
  const config_history before{make_config()};
  std::string why;
  const auto next =
      apply(removing(1, {{acceptor_kind, "a1"}, {leader_kind, "l2"}},
                     {{acceptor_kind, newcomer("a4")}, {replica_kind, newcomer("r4")}}),
            before, why);
  REQUIRE(next);
  CHECK(next->version == 2);
  CHECK(ids_of(next->acceptors) == std::vector<role_id>{"a2", "a3", "a4"});
  CHECK(ids_of(next->leaders) == std::vector<role_id>{"l1", "l3"});
  CHECK(next->replicas.size() == 4);
  CHECK(next->address_of("a4") == "host9:1");
}

TEST_CASE("reconfiguration: every refusal says why") {
  const config_history before{make_config()};
  const auto add = [](role_kind kind, member who) { return removing(1, {}, {{kind, who}}); };
  const auto has = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(why_not(removing(1, {{acceptor_kind, "a9"}}), before),
      "there is no acceptor a9 in version 1");
  has(why_not(removing(1, {{acceptor_kind, "a1"}, {acceptor_kind, "a1"}}), before), "there is no");
  has(why_not(removing(1, {{leader_kind, "a1"}}), before), "there is no leader a1");
  has(why_not(add(acceptor_kind, newcomer("a1")), before), "a1 is there already, at host1:1");
  has(why_not(add(leader_kind, newcomer("a1")), before), "is there already");
  has(why_not(add(acceptor_kind, newcomer("")), before), "needs an id and an address");
  has(why_not(add(acceptor_kind, newcomer("a4", "")), before), "needs an id and an address");
  has(why_not(add(acceptor_kind, newcomer("a4", std::string(256, 'h').c_str())), before), "255");
  has(why_not(add(acceptor_kind, newcomer("a4", "host9:1", std::string(256, 'd').c_str())), before),
      "255");
  has(why_not(add(acceptor_kind, newcomer("a4", "host1:1")), before),
      "two acceptors would live at");
  has(why_not(removing(1, {}), before), "nothing would change");
  for (const auto kind : pmmc_kinds) {
    reconfiguration all{1, {}, {}};
    for (const auto& m : before.latest().members(kind))
      all.remove.push_back({kind, m.id});
    has(why_not(all, before), ("no " + std::string{to_string(kind)} + " would be left").c_str());
    reconfiguration many{1, {}, {}};
    for (int i = 0; i < 62; ++i)
      many.add.push_back({kind, newcomer(("x" + std::to_string(i)).c_str(),
                                         ("h" + std::to_string(i) + ":1").c_str())});
    has(why_not(many, before), "more than 64");
  }
}

TEST_CASE("reconfiguration: servers come and go, and mix with no other kind") {
  constexpr auto server_kind = role_kind::server;
  const config_history servers{make_servers()};
  std::string why;
  const auto next =
      apply(removing(1, {{server_kind, "s1"}}, {{server_kind, newcomer("s4")}}), servers, why);
  REQUIRE(next);
  CHECK(ids_of(next->servers) == std::vector<role_id>{"s2", "s3", "s4"});
  CHECK(next->is_whole());
  for (const auto kind : pmmc_kinds)
    CHECK(why_not(removing(1, {}, {{kind, newcomer("x4")}}), servers) ==
          std::string{to_string(kind)} +
              " x4 cannot be added: the members of this cluster are servers: it has no acceptors, "
              "leaders or replicas");
  CHECK(why_not(removing(1, {{server_kind, "s1"}, {server_kind, "s2"}, {server_kind, "s3"}}),
                servers) == "no server would be left");
  const config_history others{make_config()};
  CHECK(why_not(removing(1, {}, {{server_kind, newcomer("s4")}}), others) ==
        "server s4 cannot be added: the members of this cluster are acceptors, leaders and "
        "replicas: it has no servers");
  reconfiguration other_engine{1, {}, {{server_kind, newcomer("s4")}}};
  for (const auto kind : pmmc_kinds)
    for (const auto& m : others.latest().members(kind))
      other_engine.remove.push_back({kind, m.id});
  CHECK(why_not(other_engine, others).find("it has no servers") != std::string::npos);
  CHECK(why_not(removing(1, {{acceptor_kind, "a1"}}), servers) ==
        "there is no acceptor a1 in version 1");
}

TEST_CASE("reconfiguration: a server that comes back with another disk is somebody else") {
  config_history history{make_servers()};
  const auto accepted = [&](const reconfiguration& r, slot_num slot) {
    return reconfigure(r, slot, 4, history).status == reconfiguration_status::accepted;
  };
  REQUIRE(accepted(removing(1, {}, {{role_kind::server, newcomer("s9")}}), 1));
  REQUIRE(accepted(removing(2, {{role_kind::server, "s9"}}), 9));
  const auto back = [](const char* disk) {
    return removing(3, {}, {{role_kind::server, newcomer("s9", "host8:1", disk)}});
  };
  CHECK(why_not(back("other"), history).find("with another disk") != std::string::npos);
  CHECK(accepted(back("disk"), 20));
}

TEST_CASE("configurations: what is counted, of acceptors and replicas, or of servers") {
  for (const std::size_t members : {1, 2, 3, 4, 5}) {
    const auto roles = make_config(members);
    const auto servers = make_servers(members);
    CHECK(servers.quorum() == members / 2 + 1);
    CHECK(servers.quorum() == roles.quorum());
    CHECK(servers.tolerated_failures() == (members - 1) / 2);
    CHECK(servers.tolerated_failures() == roles.tolerated_failures());
    CHECK(servers.durable_replicas() == roles.durable_replicas());
  }
  const auto servers = make_servers();
  CHECK(servers.has_servers());
  CHECK(servers.has_server("s2"));
  CHECK_FALSE(servers.has_replica("s2"));
  CHECK(servers.address_of("s2") == "host2:1");
  CHECK(servers.find(role_kind::client, "s2") == nullptr);
  CHECK(servers.is_whole());
  CHECK_FALSE(configuration{}.is_whole());
  CHECK_FALSE(make_config().has_servers());
  CHECK(make_config().is_whole());
}

TEST_CASE("configurations: the disks of servers are learned, as those of acceptors are") {
  config_history history{make_servers()};
  CHECK(history.disks().empty());
  const std::map<role_id, std::string> found{{"s1", "disk1"}, {"s9", "disk9"}};
  CHECK(history.new_disks(found) == std::map<role_id, std::string>{{"s1", "disk1"}});
  CHECK(history.learn_disks(found));
  CHECK(history.latest().servers[0].disk == "disk1");
  CHECK_FALSE(history.learn_disks({{"s1", "other"}}));
  CHECK(history.disks() == std::map<role_id, std::string>{{"s1", "disk1"}});
  auto next = history.latest();
  next.version = 2;
  next.first_slot = 9;
  next.servers.erase(next.servers.begin());
  history.add(next);
  CHECK(history.former_members().at("s1").kind == role_kind::server);
  CHECK(history.disks().at("s1") == "disk1");
}

TEST_CASE("reconfiguration: who comes back with another disk is somebody else, but for replicas") {
  config_history history{make_config()};
  const auto accepted = [&](const reconfiguration& r, slot_num slot) {
    return reconfigure(r, slot, 4, history).status == reconfiguration_status::accepted;
  };
  REQUIRE(accepted(removing(1, {},
                            {{acceptor_kind, newcomer("a9")},
                             {leader_kind, newcomer("l9")},
                             {replica_kind, newcomer("r9")}}),
                   1));
  for (const auto& [kind, id] : {std::pair{acceptor_kind, "a9"}, std::pair{leader_kind, "l9"}}) {
    CHECK(why_not(removing(2, {{kind, id}}, {{kind, newcomer(id, "host8:1", "other")}}), history)
              .find("with another disk") != std::string::npos);
    std::string why;
    CHECK(apply(removing(2, {{kind, id}}, {{kind, newcomer(id, "host8:1")}}), history, why));
  }
  REQUIRE(accepted(removing(2, {{acceptor_kind, "a9"}, {leader_kind, "l9"}, {replica_kind, "r9"}}),
                   10));
  CHECK(history.former_members().at("a9") ==
        former_member{acceptor_kind, "a9", "host9:1", "disk", 3});
  CHECK(why_not(removing(3, {}, {{acceptor_kind, newcomer("a9", "host8:1", "other")}}), history)
            .find("until version 3 with another disk") != std::string::npos);
  CHECK(why_not(removing(3, {}, {{leader_kind, newcomer("a9")}}), history)
            .find("was the id of a former acceptor") != std::string::npos);
  REQUIRE(accepted(removing(3, {},
                            {{acceptor_kind, newcomer("a9", "host8:1")},
                             {replica_kind, newcomer("r9", "host8:1", "other")}}),
                   20));
  CHECK_FALSE(history.former_members().contains("a9"));
}

TEST_CASE("reconfiguration: no more former members than may be told of") {
  std::vector<former_member> former;
  while (former.size() < config_history::most_former_members)
    former.push_back({acceptor_kind, "x" + std::to_string(former.size()), "host9:1", "disk", 1});
  config_history full;
  REQUIRE(full.assign({make_config()}, former));
  CHECK(why_not(removing(1, {{acceptor_kind, "a1"}}), full) ==
        "the cluster remembers 4096 former members, and no more");
  former.pop_back();
  config_history has_place;
  REQUIRE(has_place.assign({make_config()}, former));
  CHECK(why_not(removing(1, {{acceptor_kind, "a1"}, {leader_kind, "l1"}}), has_place) ==
        "the cluster remembers 4096 former members, and no more");
  CHECK(reconfigure(removing(1, {{acceptor_kind, "a1"}}), 5, 10, has_place).status ==
        reconfiguration_status::accepted);
  CHECK(has_place.former_members().size() == config_history::most_former_members);
}

TEST_CASE("reconfiguration: decided twice, in one slot, or against an old version: a conflict") {
  config_history history{make_config()};
  const auto r = removing(1, {{acceptor_kind, "a1"}});
  const auto first = reconfigure(r, 5, 10, history);
  CHECK(first.status == reconfiguration_status::accepted);
  CHECK(first.version == 2);
  CHECK(first.first_slot == 15);
  const auto again = reconfigure(r, 6, 10, history);
  CHECK(again.status == reconfiguration_status::conflict);
  CHECK(again.version == 2);
  CHECK(reconfigure(removing(2, {{acceptor_kind, "a2"}}), 5, 10, history).status ==
        reconfiguration_status::conflict); // in the same batch as the first
  CHECK(reconfigure(removing(3, {{acceptor_kind, "a2"}}), 6, 10, history).status ==
        reconfiguration_status::conflict); // a version that does not exist
  CHECK(history.all().size() == 2);
  CHECK(reconfigure(removing(2, {{acceptor_kind, "a2"}}), 6, 10, history).first_slot == 16);
}

TEST_CASE("reconfiguration: pending ones are limited") {
  config_history history{make_config(9)};
  slot_num slot = 1;
  for (; slot <= max_pending_configurations; ++slot)
    REQUIRE(reconfigure(removing(slot, {{acceptor_kind, "a" + std::to_string(slot)}}), slot, 100,
                        history)
                .status == reconfiguration_status::accepted);
  const auto r = removing(slot, {{leader_kind, "l1"}});
  CHECK(reconfigure(r, slot, 100, history).status == reconfiguration_status::refused);
  CHECK(reconfigure(r, 101, 100, history).status == reconfiguration_status::accepted);
}

TEST_CASE("reconfiguration: bytes that are none are refused") {
  const auto r = removing(7, {{acceptor_kind, "a1"}}, {{replica_kind, newcomer("r9")}});
  const auto bytes = encode(r);
  CHECK(decode_reconfiguration(bytes) == r);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_reconfiguration(std::string_view{bytes}.substr(0, size)));
  CHECK_FALSE(decode_reconfiguration(bytes + "x"));
  const reconfiguration_outcome o{reconfiguration_status::conflict, 3, 0, "why"};
  const auto outcome = encode(o);
  CHECK(decode_reconfiguration_outcome(outcome)->version == 3);
  CHECK(decode_reconfiguration_outcome(outcome)->text == "why");
  for (std::size_t size = 0; size < outcome.size(); ++size)
    CHECK_FALSE(decode_reconfiguration_outcome(std::string_view{outcome}.substr(0, size)));
}

TEST_CASE("reconfiguration: lists longer than all members are not read") {
  reconfiguration r;
  for (std::size_t i = 0; i < 3 * max_members_of_a_kind; ++i) {
    r.add.push_back({role_kind::replica, {role_id{"n" + std::to_string(i)}, "h:1"}});
    r.remove.push_back({role_kind::replica, role_id{"o" + std::to_string(i)}});
  }
  CHECK(decode_reconfiguration(encode(r)) == r);
  auto too_many = r;
  too_many.add.push_back(too_many.add.back());
  CHECK_FALSE(decode_reconfiguration(encode(too_many)));
  too_many = r;
  too_many.remove.push_back(too_many.remove.back());
  CHECK_FALSE(decode_reconfiguration(encode(too_many)));
}

TEST_CASE("configurations: which one governs a slot, and up to where") {
  const auto history = history_of(3); // first slots 1, 11 and 31
  CHECK(history.for_slot(10).version == 1);
  CHECK(history.for_slot(11).version == 2);
  CHECK(history.for_slot(30).version == 2);
  CHECK(history.for_slot(31).version == 3);
  CHECK(history.end_of(1) == 11);
  CHECK(history.end_of(3) == std::numeric_limits<slot_num>::max());
  CHECK(history.end_of(9) == 0);
  CHECK(history.from(10).size() == 3);
  CHECK(history.from(11).size() == 2);
  CHECK(history.from(31).size() == 1);
  CHECK(history.find(2)->has_acceptor("a9"));
  CHECK(history.find(9) == nullptr);
}

TEST_CASE("configurations: the first one and the last ones are kept") {
  const auto history = history_of(50);
  CHECK(history.all().size() == config_history::most_kept + 1);
  CHECK(history.first().version == 1);
  CHECK(history.find(17) == nullptr);
  CHECK(history.find(50 - config_history::most_kept + 1) != nullptr);
  CHECK(history.latest().version == 50);
}

TEST_CASE("configurations: the disks of former members are known when their versions are not") {
  auto history = history_of(3); // a9 came and went
  for (slot_num slot = 100; history.find(2) != nullptr; slot += 20) {
    const auto version = history.latest().version;
    const auto toggle = history.latest().has_acceptor("a8")
                            ? removing(version, {{acceptor_kind, "a8"}})
                            : removing(version, {}, {{acceptor_kind, newcomer("a8", "host8:1")}});
    REQUIRE(reconfigure(toggle, slot, 10, history).status == reconfiguration_status::accepted);
  }
  CHECK(history.disks().at("a9") == "disk");
}

TEST_CASE("configurations: where some were forgotten, none is certain") {
  const auto whole = history_of(3);
  for (slot_num slot = 1; slot < 100; ++slot)
    CHECK(whole.knows(slot));
  const auto history = history_of(50);
  const auto kept_from = std::next(history.all().begin())->first;
  CHECK_FALSE(history.knows(1));
  CHECK_FALSE(history.knows(kept_from - 1));
  CHECK(history.knows(kept_from));
  CHECK(history.knows(history.latest().first_slot));
}

std::vector<configuration> parts_of(const config_history& history) {
  std::vector<configuration> parts;
  for (const auto& [slot, config] : history.all())
    parts.push_back(config);
  return parts;
}

TEST_CASE("configurations: parts that do not follow each other are not taken over") {
  auto history = history_of(3);
  const auto before = history;
  const auto parts = parts_of(before);
  const auto refuses = [&](const auto& spoil) {
    auto spoilt = parts;
    spoil(spoilt);
    CHECK_FALSE(history.assign(spoilt, {}));
    CHECK(history == before);
  };
  refuses([](auto& p) { std::swap(p[1], p[2]); });
  refuses([](auto& p) { p[2].version = p[1].version; });
  refuses([](auto& p) { p[2].first_slot = p[1].first_slot; });
  refuses([](auto& p) { p[0].first_slot = 0; });
  refuses([](auto& p) { p[0].first_slot = 2; }); // who governs slot 1?
  refuses([](auto& p) { p.erase(p.begin()); });
  refuses([](auto& p) { p[1].acceptors.clear(); });
  refuses([](auto& p) { p[1].leaders.clear(); });
  refuses([](auto& p) { p[1].replicas.clear(); });
  CHECK(history.assign(parts, {}));
  CHECK(history.former_members().empty());
}

TEST_CASE("configurations: parts with members that cannot be told apart are not taken over") {
  const auto parts = parts_of(history_of(3));
  const auto refuses = [&](const auto& spoil) {
    auto spoilt = parts;
    spoil(spoilt[1]);
    config_history history;
    CHECK_FALSE(history.assign(spoilt, {}));
    CHECK(history.empty());
  };
  for (const auto kind : pmmc_kinds) {
    refuses([&](auto& c) { c.members(kind).front().id = {}; });
    refuses([&](auto& c) { c.members(kind).push_back(c.members(kind).front()); });
    for (const auto other : pmmc_kinds)
      refuses([&](auto& c) { c.members(kind).push_back({c.members(other).front().id, "h:1"}); });
  }
}

TEST_CASE("state: a reconfiguration is executed in its session's order, and is in snapshots") {
  const auto fresh = [] {
    return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                              config_history{make_config()}, 16);
  };
  auto state = fresh();
  const auto order = encode(removing(1, {{acceptor_kind, "a1"}}));
  const session_id session = std::uint64_t{1} << 16;
  state->perform(batch_of({opening(7)}));
  state->perform(batch_of({{request_kind::reconfigure, session, 2, 0, order}}));
  CHECK(state->configurations().latest().version == 1); // held back

  const auto copy_of = [&](const replicated_state& s) {
    std::ostringstream out;
    s.write(out);
    std::istringstream in{out.str()};
    auto copy = fresh();
    copy->read(in);
    return copy;
  };
  for (auto& s : {copy_of(*state), state->clone()}) {
    const auto answers = s->perform(batch_of({operation(session, 1, "a")}));
    REQUIRE(answers.size() == 2);
    const auto o = decode_reconfiguration_outcome(answers[1].body);
    REQUIRE(o);
    CHECK(o->status == reconfiguration_status::accepted);
    CHECK(o->first_slot == 3 + 16); // where it was executed, not where it was decided first
    CHECK(s->machine().query("") == "a,");
    // The same request again: the same answer, and no second effect.
    CHECK(s->perform(batch_of({{request_kind::reconfigure, session, 2, 0, order}})).at(0) ==
          answers[1]);
    CHECK(s->configurations().all().size() == 2);
    CHECK(s->configurations().former_members().at("a1").removed_in == 2);
    const auto copy = copy_of(*s);
    CHECK(copy->configurations() == s->configurations());
    CHECK(copy->fingerprint() == s->fingerprint());
    CHECK(s->fingerprint() != state->fingerprint());
  }
}

TEST_CASE("state: F1, fingerprints differ where configurations or WINDOW do") {
  const auto fingerprint = [](config_history known, std::uint64_t window) {
    return replicated_state{std::make_unique<log_machine>(), std::move(known), window}
        .fingerprint();
  };
  auto other_members = make_config();
  other_members.acceptors[2].address = "host9:1";
  auto one_pending = config_history{make_config()};
  REQUIRE(reconfigure(removing(1, {{leader_kind, "l1"}}), 1, 16, one_pending).status ==
          reconfiguration_status::accepted);
  const auto plain = fingerprint(config_history{make_config()}, 16);
  CHECK(fingerprint(config_history{make_config()}, 16) == plain);
  CHECK(fingerprint(config_history{other_members}, 16) != plain);
  CHECK(fingerprint(one_pending, 16) != plain);
  CHECK(fingerprint(config_history{make_config()}, 8) != plain);
}

TEST_CASE("state: a reconfiguration of bytes that are none is refused, and nothing else happens") {
  replicated_state state{std::make_unique<log_machine>(), config_history{make_config()}, 16};
  state.perform(batch_of({opening(7)}));
  const auto answers = state.perform(
      batch_of({{request_kind::reconfigure, std::uint64_t{1} << 16, 1, 0, "garbage"}}));
  const auto o = decode_reconfiguration_outcome(answers.at(0).body);
  REQUIRE(o);
  CHECK(o->status == reconfiguration_status::refused);
  CHECK(state.configurations().all().size() == 1);
  CHECK(state.machine().query("").empty());
}
