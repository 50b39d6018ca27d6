// The node actor: who is let in, and who is refused and told why.
#include "actors/node_stage.hpp"

namespace pmmc::test {

TEST_CASE_FIXTURE(node_stage, "those who do not belong here are refused, and told why") {
  auto m = hello_of(peer, 5);
  std::string why;
  SUBCASE("another cluster") {
    m.cluster = "other";
    why = "it belongs to cluster \"other\", and this is \"test\"";
  }
  SUBCASE("a client under a member's id") {
    m.roles[0].kind = role_kind::client;
    m.address = "";
    why = "a client must not have the id of a member, l2";
  }
  SUBCASE("a member without an address") {
    m.address = "";
    why = "it does not say where it listens";
  }
  SUBCASE("an address that is none") {
    m.address = caf::to_string(peer.handle()->node());
    why = "its hello is not one of pmmc's";
  }
  const auto answer = greet(peer, m);
  CHECK(answer.refusal == why);
  CHECK(answer.roles.empty());
  CHECK(told_nobody());
  beats(1);
  CHECK(peer.count<heartbeat>() == 0);
}

TEST_CASE_FIXTURE(node_stage, "a hello that no process says is refused") {
  auto m = hello_of(peer, 5);
  auto& role = m.roles[0];
  SUBCASE("lives without a number") { role.lives.first = 0; }
  SUBCASE("lives beyond all numbers") { role.lives.first = (std::uint64_t{1} << 62) + 1; }
  SUBCASE("lives without end") { role.lives.nonces.resize(life_history::max_kept + 1); }
  SUBCASE("a disk with a long name") { role.format_id.resize(100'000, 'x'); }
  SUBCASE("a role that nobody plays") { role.handle = nullptr; }
  SUBCASE("a role without a name") { role.id = ""; }
  SUBCASE("a role of no kind") { role.kind = static_cast<role_kind>(9); }
  SUBCASE("roles without end") { m.roles.resize(65, hosted_role{role}); }
  SUBCASE("no node") { m.node = nullptr; }
  const auto answer = greet(peer, m);
  CHECK(answer.refusal == "its hello is not one of pmmc's");
  CHECK(answer.roles.empty());
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(node_stage, "who says hello again and names fewer roles loses those only") {
  recorder a2 = record("a2"), a2_again = record("a2 again");
  auto m = hello_of(peer, 5);
  const auto other = a2.as(role_kind::acceptor, "disk");
  m.roles.push_back(other);
  greet(peer, m);
  for (auto* role : {&a1, &r1})
    CHECK(role->take<peer_up>().size() == 2);
  SUBCASE("none") {
    greet(peer, m);
    CHECK(a1.count<peer_down>() == 0);
  }
  SUBCASE("one") {
    m.roles.pop_back();
    greet(peer, m);
  }
  SUBCASE("one in another life of it") {
    m.roles[1].handle = a2_again.handle();
    greet(peer, m);
    CHECK(a1.text().find("peer_down") < a1.text().rfind("peer_up"));
  }
  SUBCASE("all, if it was started again") { m.incarnation = 6; }
  const bool is_anew = m.incarnation == 6;
  if (is_anew)
    greet(peer, m);
  for (auto* role : {&a1, &r1}) {
    const auto downs = role->take<peer_down>();
    const bool is_same = m.roles.size() == 2 && m.roles[1].handle == other.handle;
    REQUIRE(downs.size() == (is_anew ? 2u : is_same ? 0u : 1u));
    if (!downs.empty())
      CHECK(downs.back().id == "a2");
    const auto ups = role->take<peer_up>();
    CHECK(ups.size() >= m.roles.size()); // once more, which does no harm
    for (const auto& up : ups)           // but not who is not named any more
      CHECK(std::any_of(m.roles.begin(), m.roles.end(),
                        [&](const hosted_role& named) { return named.handle == up.role.handle; }));
  }
}

TEST_CASE_FIXTURE(node_stage, "a hello that cannot be read, or has not a handle for each role") {
  auto m = hello_of(peer, 5).as_sent();
  SUBCASE("nothing") { m.said.clear(); }
  SUBCASE("a part") { m.said.pop_back(); }
  SUBCASE("something behind it") { m.said += '\0'; }
  SUBCASE("no handle") { m.handles.clear(); }
  SUBCASE("one more") { m.handles.push_back(r1.handle()); }
  send_from(peer, node, m);
  settle();
  const auto answers = take_told<welcome>(peer);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].refusal == "its hello is not one of pmmc's");
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(node_stage, "one handle for two roles: what is decided of each is done with it") {
  recorder evil = record("evil");
  auto m = hello_of(peer, 5);
  m.address = "evil:1";
  m.roles = {evil.as(role_kind::leader, "another disk"), evil.as(role_kind::replica, "a disk")};
  m.roles[0].id = "l1"; // a member, which is elsewhere
  m.roles[1].id = "r99";
  CHECK(greet(peer, m).refusal.empty());
  CHECK(a1.count<peer_up>() == 0); // of guests
  const auto ups = r1.take<peer_up>();
  REQUIRE(ups.size() == 1);
  CHECK(ups[0].role.id == "r99");
}

TEST_CASE_FIXTURE(node_stage, "a refusal does not say all that a stranger has said") {
  auto m = hello_of(peer, 5);
  m.facts.machine.assign(max_said_bytes, 'x');
  const auto answer = greet(peer, m);
  CHECK(answer.refusal.starts_with("its state machine is xxx"));
  CHECK(answer.refusal.size() == max_said_bytes);
}

TEST_CASE_FIXTURE(node_stage, "who differs in a fact is refused, with both values") {
  const auto differing = facts_that_differ_from(some_facts());
  for (std::size_t i = 0; i < differing.size(); ++i) {
    auto m = hello_of(peer, 5);
    m.facts = differing[i];
    const auto answer = greet(peer, m);
    CHECK(answer.refusal == why_processes_differ(differing[i], some_facts()));
    CHECK(answer.refusal.find(all_cluster_facts[i].text(differing[i])) != std::string::npos);
    CHECK(answer.refusal.find(all_cluster_facts[i].text(some_facts())) != std::string::npos);
    CHECK(answer.facts == some_facts());
    CHECK(answer.roles.empty());
    CHECK(told_nobody());
    beats(1);
    CHECK(peer.count<heartbeat>() == 0);
  }
}

TEST_CASE_FIXTURE(node_stage,
                  "a guest is spoken with, but only a replica that joins is made known") {
  auto m = hello_of(peer, 5);
  SUBCASE("a leader that is no member") { m.roles[0].id = "l9"; }
  SUBCASE("a member at another address") { m.address = "host9:1"; }
  SUBCASE("a member as what it is not") { m.roles[0].kind = role_kind::acceptor; }
  CHECK(greet(peer, m).refusal.empty());
  CHECK(told_nobody());
  recorder r9 = record("r9");
  auto joining = hello_of(peer_again, 6);
  joining.address = "host8:1";
  joining.roles = {r9.as(role_kind::replica)};
  CHECK(greet(peer_again, joining).refusal.empty());
  CHECK(a1.has_heard_nothing());
  const auto ups = r1.take<peer_up>();
  REQUIRE(ups.size() == 1);
  CHECK(ups[0].role.id == "r9");

  // A configuration makes it a member.
  auto history = config_history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 9;
  next.replicas.push_back({"r9", "host8:1"});
  history.add(next);
  send(node, members_news{membership{history}});
  settle();
  CHECK(a1.take<members_news>().size() == 1);
  const auto known = a1.take<peer_up>();
  REQUIRE(known.size() == 1);
  CHECK(known[0].role.id == "r9");
  CHECK(peer_again.take<members_news>().size() == 1); // who is connected hears of it
}

TEST_CASE_FIXTURE(node_stage,
                  "processes that are no members get so many places; members have theirs") {
  std::vector<recorder> guests;
  const auto guest_hello = [&](std::uint64_t n) {
    guests.push_back(record(role_id{"guest" + std::to_string(n)}));
    auto m = hello_of(guests.back(), n);
    m.address = "host9:" + std::to_string(n);
    return m;
  };
  for (std::uint64_t n = 1; n <= 32; ++n) {
    const auto m = guest_hello(n);
    CHECK(greet(guests.back(), m).refusal.empty());
  }
  const auto m = guest_hello(33);
  CHECK(greet(guests.back(), m).refusal ==
        "as many processes as may be are connected that are no members: 32");
  CHECK(greet(guests[4], hello_of(guests[4], 5)).refusal.empty()); // host2 is a member's
  stop(guests[7].handle());
  CHECK(greet(guests.back(), m).refusal.empty());
}

namespace {

/// Version 2, in which r9 at host8 is a member.
config_history grown_history() {
  auto history = config_history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 9;
  next.replicas.push_back({"r9", "host8:1"});
  history.add(next);
  return history;
}

} // namespace

TEST_CASE_FIXTURE(node_stage,
                  "a cluster that was founded again learns nothing from the first one") {
  send(node, members_news{membership{config_history{make_config()}, 1, 0xB}});
  settle();
  a1.forget();
  r1.forget();
  auto m = hello_of(peer, 5);
  m.identity = 0xA;
  m.version = 2;
  SUBCASE("a member") {}
  SUBCASE("a guest") { m.address = "host8:1"; }
  const auto answer = greet(peer, m);
  CHECK(answer.refusal.starts_with("it belongs to the cluster with identity 000000000000000a, and "
                                   "this is 000000000000000b: "));
  CHECK_FALSE(answer.was_removed);
  CHECK(answer.roles.empty());
  CHECK(answer.known.version() == 1);
  CHECK(told_nobody());
  send(node, members_news{membership{grown_history(), 2,
                                     0xA}}); // over a connection that is older than both identities
  settle();
  CHECK(told_nobody());
  beats(1);
  CHECK(peer.count<heartbeat>() == 0);
}

TEST_CASE_FIXTURE(node_stage, "who has no identity yet takes that of those it was told of") {
  auto m = hello_of(peer, 5);
  m.identity = 0xA;
  m.version = 2;
  SUBCASE("an address that neither disk nor config file names") {
    m.address = "host8:1";
    CHECK(greet(peer, m).refusal ==
          "it belongs to the cluster with identity 000000000000000a, this process does not know "
          "the identity of its own cluster yet, and neither its disk nor its config file names "
          "host8:1");
    CHECK(told_nobody());
  }
  SUBCASE("a member") {
    CHECK(greet(peer, m).refusal.empty());
    beats(1);
    const auto beat_of_node = peer.take<heartbeat>();
    REQUIRE(beat_of_node.size() == 1); // so the peer tells what this one does not know
    CHECK(beat_of_node[0].identity == 0);
    send_from(peer, node, members_news{membership{grown_history(), 2, 0xA}});
    settle();
    const auto news = a1.take<members_news>();
    REQUIRE(news.size() == 1);
    CHECK(news[0].known.identity == 0xA);
    auto other = hello_of(peer_again, 6);
    other.identity = 0xB;
    CHECK_FALSE(greet(peer_again, other).refusal.empty());
  }
}

TEST_CASE_FIXTURE(node_stage, "two that met before their clusters had identities part") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  send_from(peer, node, heartbeat{5, 1, 1, 0});
  settle();
  CHECK(peer.count<members_news>() == 0);
  send(node, members_news{membership{config_history{make_config()}, 1, 0xB}});
  settle();
  CHECK(peer.count<members_news>() == 1);
  a1.forget();
  r1.forget();
  send_from(peer, node, heartbeat{5, 1, 1, 0}); // it has not heard
  settle();
  CHECK(peer.count<members_news>() == 2);
  CHECK(told_nobody());
  send_from(peer, node, heartbeat{5, 1, 1, 0xA});
  settle();
  CHECK(told_both<peer_down>());
  beats(20);
  send_from(peer, node, heartbeat{5, 1, 1, 0xA});
  settle();
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(node_stage, "a client of the cluster that was there before is refused") {
  send(node, members_news{membership{config_history{make_config()}, 1, 0xB}});
  settle();
  recorder c1 = record("c1");
  auto m = client_hello(peer, c1, 5);
  m.identity = 0xA;
  CHECK_FALSE(greet(peer, m).refusal.empty());
  m.identity = 0xB;
  CHECK(greet(peer, m).refusal.empty());
}

TEST_CASE_FIXTURE(node_stage, "who was removed is told so, unless it knows") {
  auto history = config_history{make_config()};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 9;
  next.leaders.erase(next.leaders.begin() + 1);
  history.add(next);
  send(node, members_news{membership{history}});
  settle();
  CHECK(greet(peer, hello_of(peer, 5)).refusal.empty()); // slots of version 1 may need it
  stop(peer.handle());
  send(node, members_news{membership{history, 2}});
  settle();
  const auto answer = greet(peer_again, hello_of(peer_again, 6));
  CHECK(answer.was_removed);
  CHECK(answer.refusal == "l2 was removed from the cluster in version 2");
  auto again = hello_of(peer_again, 7);
  SUBCASE("it wants to be added again") { again.rejoins = true; }
  SUBCASE("it moved, to be added again there") { again.address = "host9:1"; }
  CHECK(greet(peer_again, again).refusal.empty());
}

} // namespace pmmc::test
