// Who is let in, and as what: one rule a row.
#include "membership/admission.hpp"

#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"
#include "reconfiguration.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace pmmc::test {

namespace {

constexpr cluster_identity ours = 0x1111, others = 0x2222;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

introduced_role role(role_kind kind, const role_id& id, std::string disk = "disk") {
  return {id, kind, std::move(disk)};
}

/// The process of host1 with a1 and r1.
process_identity host1() {
  return {"test",
          "host1:1",
          {role(role_kind::acceptor, "a1"), role(role_kind::replica, "r1")},
          {"host1:1", "host2:1", "contact:1"},
          "test.conf",
          some_facts()};
}

membership three(cluster_identity identity = ours) {
  return membership{config_history{make_config()}, 1, identity};
}

/// Version 2 of it, with a4 in the place of a2, live from there.
membership without_a2() {
  auto known = three();
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  next.acceptors[1] = {"a4", "host4:1", "disk4"};
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

/// Version 2 of it, without r2, whose disk was known as `disk`.
membership without_r2(const std::string& disk) {
  auto first = make_config();
  first.replicas[1].disk = disk;
  auto next = first;
  next.version = 2;
  next.first_slot = 10;
  next.replicas.erase(next.replicas.begin() + 1);
  membership known{config_history{first}, 1, ours};
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

/// What a2's process says.
introduction a2_says() {
  return {"test", "host2:1", {role(role_kind::acceptor, "a2")}, ours, 1, false, some_facts()};
}

introduction_reply welcome_of(const introduction& m) {
  return {{}, false, m.cluster, m.roles, three(), m.facts};
}

std::set<std::string> strangers(std::size_t count) {
  std::set<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i)
    addresses.insert("stranger" + std::to_string(i) + ":1");
  return addresses;
}

struct row {
  std::string_view what;
  std::function<void(introduction&)> change; ///< of what a2's process says
  std::string_view refusal;                  ///< a part of it; "" if it is let in
  membership known = three();                ///< by the one that is dialled
  std::set<std::string> connected = {};
  bool was_removed = false;
};

} // namespace

TEST_CASE("admission: who dials is let in, or refused with the reason") {
  const auto client = [](introduction& m) {
    m = {"test", "", {{"c1", role_kind::client, {}}}, 0, 0, false, {}};
  };
  const auto same = [](introduction&) {};
  const std::vector<row> rows = {
      {"a member", same, ""},
      {"a client", client, ""},
      {"another cluster's name", [](introduction& m) { m.cluster = "other"; },
       "it belongs to cluster \"other\", and this is \"test\""},
      {"another identity", [](introduction& m) { m.identity = others; },
       "it belongs to the cluster with identity 0000000000002222, and this is 0000000000001111"},
      {"one that does not know its identity", [](introduction& m) { m.identity = 0; }, ""},
      {"an identity, and nobody here knows ours", same, "", three(0)},
      {"the same from an address that nothing here names",
       [](introduction& m) { m.address = "host9:1"; },
       "neither its disk nor its config file names host9:1", three(0)},
      {"the same from one that the config file names",
       [](introduction& m) { m.address = "contact:1"; }, "", three(0)},
      {"a client of another identity",
       [&](introduction& m) {
         client(m);
         m.identity = others;
       },
       "it belongs to the cluster with identity"},
      {"a client with the id of a member",
       [&](introduction& m) {
         client(m);
         m.roles[0].id = "l2";
       },
       "a client must not have the id of a member, l2"},
      {"no address", [](introduction& m) { m.address.clear(); },
       "it does not say where it listens"},
      {"no members", [](introduction& m) { m.version = 0; },
       "it does not say which members it knows"},
      {"an old config file: removed",
       same,
       "a2 was removed from the cluster in version 2",
       without_a2(),
       {},
       true},
      {"removed, and it knows as much",
       [](introduction& m) { m.version = 2; },
       "a2 was removed from the cluster in version 2",
       without_a2(),
       {},
       true},
      {"a replica that was removed",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "disk of r2")}; },
       "r2 was removed from the cluster in version 2",
       without_r2("disk of r2"),
       {},
       true},
      {"a replica that was removed, on a disk that nobody knew",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "disk of r2")}; },
       "r2 was removed from the cluster in version 2",
       without_r2(""),
       {},
       true},
      {"a replica with the name of one that was removed, on another disk",
       [](introduction& m) { m.roles = {role(role_kind::replica, "r2", "another disk")}; }, "",
       without_r2("disk of r2")},
      {"removed, and it says that it knows", [](introduction& m) { m.rejoins = true; }, "",
       without_a2()},
      {"removed as this one knows, and it knows more", [](introduction& m) { m.version = 3; }, "",
       without_a2()},
      {"removed, and it has moved", [](introduction& m) { m.address = "host9:1"; }, "",
       without_a2()},
      {"one of two roles was removed",
       [](introduction& m) { m.roles.push_back(role(role_kind::leader, "l2")); }, "", without_a2()},
      {"a stranger, and there is room", [](introduction& m) { m.address = "host9:1"; }, "", three(),
       strangers(admission::max_guests - 1)},
      {"a stranger too many", [](introduction& m) { m.address = "host9:1"; },
       "as many processes as may be are connected that are no members: 32", three(),
       strangers(admission::max_guests)},
      {"a stranger that is connected already", [](introduction& m) { m.address = "stranger1:1"; },
       "", three(), strangers(admission::max_guests)},
      {"a member among strangers", same, "", three(), strangers(admission::max_guests)},
      {"roles without end",
       [](introduction& m) { m.roles.resize(admission::max_hosted_roles + 1, m.roles[0]); },
       malformed_introduction},
      {"no id", [](introduction& m) { m.roles[0].id = {}; }, malformed_introduction},
      {"no kind", [](introduction& m) { m.roles[0].kind = static_cast<role_kind>(77); },
       malformed_introduction},
      {"an address without end",
       [](introduction& m) { m.address = std::string(max_address_bytes + 1, 'h'); },
       malformed_introduction},
      {"a disk without end",
       [](introduction& m) { m.roles[0].format_id.assign(max_address_bytes + 1, 'd'); },
       malformed_introduction},
      {"lives without end",
       [](introduction& m) { m.roles[0].lives.nonces.resize(life_history::max_kept + 1); },
       malformed_introduction},
      {"lives before the first", [](introduction& m) { m.roles[0].lives.first = 0; },
       malformed_introduction},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    auto said = a2_says();
    r.change(said);
    admission here{host1(), r.known};
    const auto answer = here.answer(said, r.connected);
    CHECK(answer.refusal.empty() == r.refusal.empty());
    CHECK_MESSAGE(contains(answer.refusal, r.refusal), answer.refusal);
    CHECK(answer.was_removed == r.was_removed);
    CHECK(answer.roles.empty() != r.refusal.empty()); // who is refused hears of no roles
    CHECK(answer.known == r.known);                   // but of what is known
  }
}

TEST_CASE("admission: who differs in any fact is refused, on both sides") {
  for (const auto& facts : facts_that_differ_from(some_facts())) {
    auto said = a2_says();
    said.facts = facts;
    admission here{host1(), three()};
    CHECK(here.answer(said, {}).refusal == why_processes_differ(facts, some_facts()));
    const auto after = here.hear("host2:1", welcome_of(said));
    CHECK(after.disagreement == why_processes_differ(some_facts(), facts, "there"));
    CHECK(after.refused == "refuses this process: " + after.disagreement);
    CHECK(after.differs.empty()); // one of three: it may be the wrong one
  }
}

TEST_CASE("admission: who differs from a majority of the acceptors stops, until they agree again") {
  auto said = a2_says();
  said.facts.window = 7;
  auto good = a2_says();
  admission here{host1(), three()};
  CHECK(here.hear("host2:1", welcome_of(said)).differs.empty());
  CHECK(here.hear("host2:1", welcome_of(said)).differs.empty());   // the same again
  CHECK(here.hear("contact:1", welcome_of(said)).differs.empty()); // no acceptor
  CHECK(here.hear("host3:1", welcome_of(said)).differs.empty());   // one process that has moved?
  CHECK(here.hear("host3:1", welcome_of(said)).differs.empty());
  const auto two_of_three = [&] {
    return contains(here.hear("host2:1", welcome_of(said)).differs,
                    "this process does not agree with a majority of its cluster, last with the "
                    "process at host2:1");
  };
  SUBCASE("two of three") { CHECK(two_of_three()); }
  SUBCASE("one of them is welcome again") {
    CHECK(here.hear("host3:1", welcome_of(good)).refused.empty());
    CHECK_FALSE(two_of_three());
  }
  SUBCASE("one of them dials, and is let in") {
    good.address = "host3:1";
    CHECK(here.answer(good, {}).refusal.empty());
    CHECK_FALSE(two_of_three());
  }
  SUBCASE("one of them is there no more") {
    here.unreachable("host3:1");
    CHECK_FALSE(two_of_three());
  }
}

TEST_CASE("admission: one process at one address after another is no majority") {
  auto said = a2_says();
  said.facts.window = 7;
  admission here{host1(), three()};
  for (int i = 0; i < 3; ++i)
    for (const auto* address : {"host2:1", "host3:1"}) {
      CHECK(here.hear(address, welcome_of(said)).differs.empty());
      CHECK(here.hear(address, welcome_of(said)).differs.empty());
      here.unreachable(address);
    }
}

TEST_CASE("admission: what a process does with an answer") {
  const auto said = welcome_of(a2_says());
  admission here{host1(), three()};
  SUBCASE("welcome") {
    const auto after = here.hear("host2:1", said);
    CHECK(after.refused.empty());
    CHECK(after.is_first);
    CHECK_FALSE(here.hear("host2:1", said).is_first);
  }
  SUBCASE("another cluster's name") {
    auto other = said;
    other.cluster = "other";
    CHECK(here.hear("host2:1", other).refused ==
          "belongs to cluster \"other\", not to \"test\" as in test.conf: is that the right config "
          "file?");
  }
  SUBCASE("another identity") {
    auto other = said;
    other.known.identity = others;
    CHECK(contains(here.hear("host2:1", other).refused, "is refused: it belongs to the cluster"));
  }
  SUBCASE("it was removed, and stops for it") {
    const auto after =
        here.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.refused == "refuses this process: a1 was removed");
    CHECK(after.removed == "a1 was removed, says the process at host2:1");
  }
  SUBCASE("it was removed, as one says that is behind") {
    admission ahead{host1(), [] {
                      auto known = without_a2();
                      auto next = known.configurations.latest();
                      next.version = 3;
                      next.first_slot = 20;
                      known.configurations.add(next);
                      return known;
                    }()};
    const auto after =
        ahead.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.refused == "refuses this process: a1 was removed");
    CHECK(after.removed.empty());
  }
  SUBCASE("it was removed, as one says that knows as much") {
    admission as_far{host1(), without_a2()};
    const auto after =
        as_far.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.removed == "a1 was removed, says the process at host2:1");
  }
  SUBCASE("it is refused for something else, and goes on") {
    const auto after = here.hear("host2:1", {"no", false, "test", {}, three(), some_facts()});
    CHECK(after.refused == "refuses this process: no");
    CHECK(after.removed.empty());
  }
}

TEST_CASE("admission: a client believes the first process that lets it in, and no other cluster") {
  process_identity own{"test", "", {{"c1", role_kind::client, {}}}, {}, "", {}};
  admission client{own, three(others)}; // as a directory beside it says
  CHECK(client.introduce().identity == 0);
  auto said = welcome_of(a2_says());
  said.known = without_a2();
  CHECK(client.hear("host2:1", said).is_first);
  CHECK(client.known().version() == 2);
  CHECK(client.introduce().identity == ours);
  said.known.identity = others;
  CHECK(contains(client.hear("host3:1", said).refused, "is refused"));
}

TEST_CASE("admission: a member is made known to the own roles, of guests only a replica, to "
          "replicas") {
  const admission here{host1(), three()};
  struct made_known {
    role_kind kind;
    role_id id;
    std::string address;
    role_kind own;
    bool is;
  };
  const std::vector<made_known> rows = {
      {role_kind::acceptor, "a2", "host2:1", role_kind::acceptor, true},
      {role_kind::replica, "r2", "host2:1", role_kind::acceptor, true},
      {role_kind::client, "c1", "", role_kind::replica, true},
      {role_kind::acceptor, "a2", "host3:1", role_kind::replica, false}, // swapped addresses
      {role_kind::leader, "l9", "host9:1", role_kind::replica, false},
      {role_kind::replica, "r9", "host9:1", role_kind::acceptor, false},
      {role_kind::replica, "r9", "host9:1", role_kind::replica, true},
      {role_kind::leader, "a2", "host2:1", role_kind::leader, false}, // another kind
  };
  for (const auto& r : rows) {
    CAPTURE(r.id.str() + " at " + r.address);
    CHECK(here.is_made_known(r.kind, r.id, r.address, r.own) == r.is);
  }
  CHECK_FALSE(here.is_guest_itself());
  auto own = host1();
  own.address = "host9:1";
  CHECK(admission{own, three()}.is_guest_itself());
}

TEST_CASE("admission: whom a process dials") {
  using addresses = std::set<std::string>;
  CHECK(admission{host1(), three()}.wanted() == addresses{"host2:1", "host3:1"});
  auto own = host1();
  own.address = "host9:1";
  CHECK(admission{own, three()}.wanted() ==
        addresses{"host1:1", "host2:1", "host3:1", "contact:1"});
  process_identity client{"test", "", {{"c1", role_kind::client, {}}}, {"contact:1"}, "", {}};
  CHECK(admission{client, three()}.wanted() == addresses{"host1:1", "host2:1", "host3:1"});
}

TEST_CASE("admission: a process dials those that should dial it, if they do not for a while") {
  using addresses = std::set<std::string>;
  const auto beats = [](admission& here, const addresses& connected, unsigned times) {
    bool changed = false;
    while (times-- > 0)
      changed = here.beat(connected) || changed;
    return changed;
  };
  auto own = host1();
  own.address = "host3:1";
  own.roles = {role(role_kind::acceptor, "a3"), role(role_kind::replica, "r3")};
  admission here{own, three()};
  SUBCASE("one of them: it may know nobody any more") {
    CHECK_FALSE(beats(here, {"host2:1"}, admission::beats_until_missed - 1));
    CHECK(here.wanted().empty());
    CHECK(beats(here, {"host2:1"}, 1));
    CHECK(here.wanted() == addresses{"host1:1"});
    CHECK(here.is_others_turn("host1:1"));
    CHECK_FALSE(beats(here, {"host2:1"}, 100));
    CHECK(beats(here, {"host1:1", "host2:1"}, 1)); // it is there
    CHECK(here.wanted().empty());
    CHECK_FALSE(beats(here, {"host2:1"}, admission::beats_until_missed - 1));
  }
  SUBCASE("all of them: all that it knows may have moved") {
    CHECK(beats(here, {}, admission::beats_until_lonely));
    CHECK(here.wanted() == addresses{"host1:1", "host2:1", "contact:1"});
    CHECK_FALSE(here.is_others_turn("host1:1")); // it may not know of this one
    CHECK(beats(here, {}, admission::beats_until_missed));
    CHECK(beats(here, {"contact:1"}, 1)); // a stranger: the members are missed as before
    CHECK(here.wanted() == addresses{"host1:1", "host2:1"});
  }
  SUBCASE("all of them, but not for long") {
    CHECK(beats(here, {}, admission::beats_until_lonely));
    CHECK(beats(here, {"host1:1", "host2:1"}, 1));
    CHECK(here.wanted().empty());
  }
  SUBCASE("one that was removed is not missed") {
    CHECK(beats(here, {"host2:1"}, admission::beats_until_missed));
    auto known = three();
    auto next = make_config();
    next.version = 2;
    next.first_slot = 10;
    for (auto* members : {&next.acceptors, &next.leaders, &next.replicas})
      members->erase(members->begin());
    known.configurations.add(next);
    known.live_from = 2;
    CHECK(here.learn(known));
    CHECK(beats(here, {"host2:1"}, 1));
    CHECK(here.wanted().empty());
  }
}

TEST_CASE("admission: who was removed while it ran says so when it asks again") {
  auto own = host1();
  own.address = "host2:1";
  own.roles = {role(role_kind::acceptor, "a2")};
  admission removed{own, three()};
  CHECK_FALSE(removed.introduce().rejoins);
  CHECK(removed.learn(without_a2()));
  CHECK(removed.knows_of_removal());
  CHECK(removed.introduce().rejoins);
  own.rejoins = true;
  CHECK(admission{own, three()}.introduce().rejoins);
}

TEST_CASE("admission: the log's identity holds, whatever others have told") {
  admission here{host1(), three()};
  CHECK(here.why_log_differs(three()).empty());
  CHECK(here.why_log_differs(three(0)).empty());
  CHECK(contains(here.why_log_differs(three(others)),
                 "the log is that of the cluster with identity 0000000000002222"));
  CHECK_FALSE(here.learn(three(others)));
  CHECK_FALSE(here.learn(membership{}));
}

TEST_CASE("admission: who knows less is told") {
  const admission here{host1(), without_a2()};
  CHECK_FALSE(here.knows_more_than(2, 2, ours));
  CHECK(here.knows_more_than(1, 2, ours));
  CHECK(here.knows_more_than(2, 1, ours));
  CHECK(here.knows_more_than(2, 2, 0));
  CHECK_FALSE(here.knows_more_than(3, 3, ours));
}

} // namespace pmmc::test
