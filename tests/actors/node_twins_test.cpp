// The node actor: two processes have roles of the same id, one of them a member.
#include "actors/node_stage.hpp"
#include "actors/two_processes.hpp"

namespace pmmc::test {

namespace {

struct twins_stage : node_stage {
  /// All are played in one process: what tells them apart is their incarnation.
  played_hello hello_at(const std::string& address, const recorder& from, hosted_role role,
                        std::uint64_t incarnation = 5) {
    auto m = hello_of(from, incarnation);
    m.address = address;
    m.roles = {std::move(role)};
    return m;
  }
  void meet_member() {
    CHECK(greet(peer, hello_at("host2:1", peer, r2.as(role_kind::replica, "disk"))).refusal == "");
  }
  void meet_guest() {
    const auto guest = twin.as(role_kind::replica, "another");
    CHECK(greet(peer_again, hello_at("host9:1", peer_again, guest, 6)).refusal == "");
  }

  recorder r2 = record("r2"), twin = record("r2");
};

} // namespace

TEST_CASE_FIXTURE(twins_stage, "a guest with the id of a member takes nothing of it, and leaves "
                               "nothing behind") {
  SUBCASE("a replica") { meet_member(); }
  SUBCASE("an acceptor that is named as a replica is") {
    twin = record("a2");
    const auto a2 = record("a2").as(role_kind::acceptor, "disk");
    CHECK(greet(peer, hello_at("host2:1", peer, a2)).refusal == "");
  }
  CHECK(told_both<peer_up>());
  meet_guest();
  CHECK(told_nobody());
  send_from(peer, node, heartbeat{5});
  send(node, members_news{membership{config_history{make_config()}, 1, 0xA}});
  settle();
  for (const auto& m : r1.take<peer_up>()) // whom it knows is told again
    CHECK(m.address == "host2:1");
  a1.forget();
  r1.forget();
  stop(peer_again.handle());
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(twins_stage, "a guest with the id of an own role takes nothing of it") {
  twin = record("r1");
  meet_guest();
  CHECK(told_nobody());
  stop(peer_again.handle());
  for (const auto& m : r1.take<peer_up>())
    CHECK(m.role.handle == r1.handle());
  CHECK(r1.has_heard_nothing());
}

TEST_CASE_FIXTURE(twins_stage,
                  "a guest with the id of a member is met by replicas when the member goes") {
  meet_member();
  meet_guest();
  CHECK(told_both<peer_up>());
  SUBCASE("for ever") { stop(peer.handle()); }
  SUBCASE("into silence") {
    for (int i = 0; i < 7; ++i) {
      send_from(peer_again, node, heartbeat{6});
      beats(1);
    }
  }
  CHECK(r1.text().find("peer_down") < r1.text().find("peer_up"));
  CHECK(r1.take<peer_down>().size() == 1);
  const auto met = r1.take<peer_up>();
  REQUIRE(met.size() == 1);
  CHECK(met[0].role.handle == twin.handle());
  CHECK(met[0].address == "host9:1");
  CHECK(a1.take<peer_down>().size() == 1);
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(twins_stage, "a member that comes back has its place again") {
  meet_guest();
  CHECK(r1.take<peer_up>().size() == 1);
  meet_member();
  const auto met = r1.take<peer_up>();
  REQUIRE(met.size() == 1);
  CHECK(met[0].role.handle == r2.handle());
  a1.forget();
  stop(peer_again.handle());
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(stage, "a role that has moved is its own process's when its former place goes") {
  recorder r1 = record("r1"), l9 = record("l9"), there = record("r1"), peer = record("node1");
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = "host9:1";
  settings->roles = {r1.as(role_kind::replica, "copied"), l9.as(role_kind::leader, "disk")};
  settings->known = membership{make_config()};
  settings->facts = some_facts();
  const auto node = spawn(node_actor, settings);
  settle();
  send_from(peer, node,
            played_hello{"test",
                         "host1:1",
                         5,
                         peer.handle(),
                         {there.as(role_kind::replica, "disk")},
                         0,
                         1,
                         false,
                         some_facts()});
  settle();
  REQUIRE(take_told<welcome>(peer).at(0).refusal == "");
  CHECK(l9.take<peer_up>().back().role.handle == there.handle()); // the member, until then
  SUBCASE("as it stops before") { stop(peer.handle()); }
  SUBCASE("as the configuration says so") {
    auto next = make_config();
    next.version = 2;
    next.first_slot = 9;
    next.replicas[0].address = "host9:1";
    membership known{config_history{make_config()}, 2};
    known.configurations.add(next);
    send(node, members_news{known});
    settle();
  }
  const auto met = l9.take<peer_up>();
  REQUIRE_FALSE(met.empty());
  for (const auto& m : met)
    CHECK(m.role.handle == r1.handle());
}

namespace {

/// Version 2, in which l2 is elsewhere, or nowhere; earlier ones do not count any more.
membership moved_or_removed(const std::string& where) {
  membership known{config_history{make_config()}};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 9;
  if (where.empty())
    next.leaders.erase(next.leaders.begin() + 1);
  else
    next.leaders[1].address = where;
  known.configurations.add(next);
  known.live_from = 2;
  return known;
}

} // namespace

TEST_CASE_FIXTURE(twins_stage, "a leader that has moved is not met at its former place any more") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  SUBCASE("before it is there") {
    send(node, members_news{moved_or_removed("host9:1")});
    settle();
    for (auto* role : {&a1, &r1}) {
      const auto downs = role->take<peer_down>();
      REQUIRE(downs.size() == 1);
      CHECK(downs[0].id == "l2");
      CHECK(downs[0].why == "at host2:1 has moved to host9:1");
      CHECK(role->count<peer_up>() == 0);
    }
  }
  SUBCASE("when it is there already") {
    twin = record("l2");
    greet(peer_again, hello_at("host9:1", peer_again, twin.as(role_kind::leader, "moved")));
    CHECK(told_nobody());
    send(node, members_news{moved_or_removed("host9:1")});
    settle();
    for (auto* role : {&a1, &r1}) {
      const auto ups = role->take<peer_up>();
      REQUIRE(!ups.empty());
      CHECK(ups.back().role.handle == twin.handle());
      CHECK(role->text().rfind("peer_down") == std::string::npos);
    }
  }
  SUBCASE("but while its slots are to be finished it is") {
    auto known = moved_or_removed("host9:1");
    known.live_from = 1;
    send(node, members_news{known});
    settle();
    CHECK(a1.count<peer_down>() == 0);
  }
  SUBCASE("unlike one that was removed: it hears that it was") {
    send(node, members_news{moved_or_removed("")});
    settle();
    CHECK(a1.count<peer_down>() == 0);
  }
}

TEST_CASE_FIXTURE(twins_stage, "a former place that does not name a leader any more takes nothing "
                               "from its new one") {
  auto m = hello_of(peer, 5);
  m.roles.push_back(record("a2").as(role_kind::acceptor, "disk"));
  greet(peer, m);
  send(node, members_news{moved_or_removed("host9:1")});
  settle();
  twin = record("l2");
  greet(peer_again, hello_at("host9:1", peer_again, twin.as(role_kind::leader, "moved")));
  a1.forget();
  r1.forget();
  m.roles.erase(m.roles.begin());
  greet(peer, m);
  for (auto* role : {&a1, &r1})
    CHECK_MESSAGE(role->count<peer_down>() == 0, role->text());
}

TEST_CASE_FIXTURE(twins_stage, "an own acceptor that is a member elsewhere does not count here") {
  send(node, members_news{a1_at("host9:1")});
  settle();
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 1);
  CHECK(downs[0].id == "a1");
  CHECK(downs[0].why == "at host1:1 has moved to host9:1");
  CHECK(r1.count<peer_up>() == 0);
  SUBCASE("who is there does") {
    twin = record("a1");
    const auto answer =
        greet(peer, hello_at("host9:1", peer, twin.as(role_kind::acceptor, "disk"))); // as a1's own
    REQUIRE(answer.roles.size() == 1); // or it would take this process for one with a copy
    CHECK(answer.roles[0].handle == r1.handle());
    const auto met = r1.take<peer_up>();
    REQUIRE(met.size() == 1);
    CHECK(met[0].role.handle == twin.handle());
    stop(peer.handle());
    CHECK(r1.take<peer_down>().size() == 1);
    CHECK(r1.count<peer_up>() == 0); // not the own one again
  }
  SUBCASE("until it has moved back") {
    send(node, members_news{a1_at("host1:1")});
    settle();
    const auto met = r1.take<peer_up>();
    REQUIRE(!met.empty());
    CHECK(met.back().role.handle == a1.handle());
    CHECK(r1.count<peer_down>() == 0);
  }
}

TEST_CASE_FIXTURE(twins_stage, "who is connected hears that an own acceptor has left, and that it "
                               "is back") {
  recorder guest = record("node8"); // whom this node does not dial
  greet(peer, hello_of(peer, 5));
  greet(peer_again, client_hello(peer_again, record("c1"), 6));
  greet(guest, hello_at("host8:1", guest, record("r8").as(role_kind::replica, "disk")));
  SUBCASE("and goes on to speak") {}
  SUBCASE("while it is silent") { beats(8); }
  for (const auto* where : {"host9:1", "host1:1"}) {
    const bool is_away = where == std::string{"host9:1"};
    send(node, members_news{a1_at(where)});
    settle();
    for (auto* other : {&peer, &guest}) {
      const auto said = take_told<hello>(*other);
      REQUIRE(said.size() == 1);
      CHECK(said[0].roles.size() == (is_away ? 1u : 2u));
      CHECK(said[0].roles.back().handle == r1.handle());
      CHECK(said[0].rejoins == is_away); // or it may be told that r1 was removed, and end for it
    }
  }
  send(node, members_news{membership{a1_at("host1:1").configurations, 3, 0xA}});
  settle();
  CHECK(peer.count<hello>() == 0); // nothing else of the members is a reason
  CHECK(peer_again.count<hello>() == 0);
}

TEST_CASE_FIXTURE(stage, "an own acceptor that has moved stays away when the cluster has forgotten "
                         "that it was here") {
  membership known{config_history{make_config()}};
  const auto go_on = [&](config_version version, const std::string& where) {
    auto next = make_config();
    next.version = version;
    next.first_slot = 9 * version;
    next.acceptors[0].address = where;
    known.configurations.add(next);
    known.live_from = version;
    return members_news{known};
  };
  go_on(2, "host8:1");
  recorder a1 = record("a1"), r8 = record("r8");
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = "host8:1";
  settings->roles = {a1.as(role_kind::acceptor, "disk"), r8.as(role_kind::replica)};
  settings->known = known;
  settings->facts = some_facts();
  SUBCASE("while it runs") {}
  SUBCASE("before it starts") {
    go_on(3, "host9:1");
    settings->known = known;
  }
  const auto node = spawn(node_actor, settings);
  settle();
  const bool is_left = known.version() == 3;
  for (const auto& m : r8.take<peer_up>())
    CHECK_FALSE((is_left && m.role.id == role_id{"a1"}));
  if (!is_left)
    send(node, go_on(3, "host9:1"));
  settle();
  CHECK(r8.count<peer_down>() == 1);
  r8.forget();
  for (config_version version = 4; version < 50; ++version)
    send(node, go_on(version, "host9:1"));
  settle();
  CHECK(!known.was_at(role_kind::acceptor, "a1", "host8:1"));
  CHECK(r8.count<peer_up>() == 0);
  CHECK(r8.count<peer_down>() == 0); // who is at the new place is not lost with each of them
}

TEST_CASE_FIXTURE(twins_stage,
                  "while a leader moves, its new place is met when the former one goes") {
  greet(peer, hello_of(peer, 5));
  auto known = moved_or_removed("host9:1");
  known.live_from = 1;
  send(node, members_news{known});
  settle();
  twin = record("l2");
  greet(peer_again, hello_at("host9:1", peer_again, twin.as(role_kind::leader, "moved")));
  a1.forget();
  stop(peer.handle());
  const auto met = a1.take<peer_up>();
  REQUIRE(met.size() == 1);
  CHECK(met[0].role.handle == twin.handle());
  CHECK(a1.count<peer_down>() == 0);
}

TEST_CASE_FIXTURE(two_processes,
                  "that a member is not at its place is no reason to forget who is to replace it") {
  start_dialling();
  recorder twin{host3.system(), "r2"};
  others.push_back(twin.handle());
  caf::send_as(twin.handle(), node1,
               played_hello{"test",
                            "host3:1",
                            5,
                            twin.handle(),
                            {twin.as(role_kind::replica, "disk")},
                            0,
                            1,
                            false,
                            {}}
                   .as_sent());
  settle();
  CHECK(others_up(r1).size() == 1);
  r1.forget();
  start_listening("other"); // at the member's address
  for (int i = 0; i < 15; ++i) {
    caf::send_as(twin.handle(), node1, heartbeat{5});
    beats(1);
  }
  CHECK(r1.text().rfind("peer_up") > r1.text().find("peer_down"));
  CHECK(r1.take<peer_down>().size() == 3);
  CHECK(others_up(r1).size() == 1);
}

} // namespace pmmc::test
