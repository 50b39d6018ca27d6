// The node actor: who is let in, and what the process's own roles are told about the others.
#include "node_actor.hpp"

#include "actors/stage.hpp"
#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

constexpr std::chrono::milliseconds beat{100};

/// The node of host1 with a1 and r1, and a recorder that plays the node of host2.
struct node_stage : stage {
  node_stage() {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = "test";
    settings->address = "host1:1";
    settings->seed = 1;
    settings->roles = {a1.as(role_kind::acceptor, "disk"), r1.as(role_kind::replica)};
    settings->known = membership{make_config()};
    settings->facts = some_facts();
    node = spawn(node_actor, settings);
    settle();
    a1.forget();
    r1.forget();
  }

  hello hello_of(const recorder& peer, std::uint64_t incarnation) {
    return {"test", "host2:1", incarnation, peer.handle(), {l2.as(role_kind::leader)},
            0,      1,         false,       some_facts()};
  }

  static hello client_hello(const recorder& peer, const recorder& client,
                            std::uint64_t incarnation) {
    return {"test", "",    incarnation, peer.handle(), {client.as(role_kind::client)}, 0,
            0,      false, {}};
  }

  welcome greet(recorder& peer, const hello& m) {
    send_from(peer, node, m);
    settle();
    const auto answers = peer.take<welcome>();
    REQUIRE(answers.size() == 1);
    return answers[0];
  }

  void beats(unsigned count) {
    for (; count > 0; --count) {
      advance(beat);
      settle();
    }
  }

  /// Both roles have heard of l2 being up or down, exactly once.
  template <class M>
  bool told_both() {
    return a1.take<M>().size() == 1 && r1.take<M>().size() == 1 && told_nobody();
  }
  bool told_nobody() const { return a1.has_heard_nothing() && r1.has_heard_nothing(); }

  recorder a1 = record("a1"), r1 = record("r1"), l2 = record("l2");
  recorder peer = record("node2"), peer_again = record("node2 again");
  caf::actor node;
};

caf::behavior answering_role(caf::event_based_actor* self, role_id id) {
  self->set_default_handler(caf::drop);
  return {[id](const status_request& m) {
    role_status s;
    s.id = id;
    s.fingerprint = m.with_fingerprint ? 42 : 0;
    return s;
  }};
}

caf::behavior silent_role(caf::event_based_actor* self, role_id) {
  self->set_default_handler(caf::drop);
  return {[self](const status_request&) { return self->make_response_promise<role_status>(); }};
}

} // namespace

TEST_CASE_FIXTURE(stage, "a node introduces its own roles to each other") {
  recorder a1 = record("a1"), l1 = record("l1");
  auto settings = std::make_shared<node_settings>();
  settings->address = "host1:1";
  settings->known = membership{make_config(1)};
  settings->roles = {a1.as(role_kind::acceptor, "disk"), l1.as(role_kind::leader)};
  settings->roles[0].lives.begin(42);
  spawn(node_actor, settings);
  settle();
  for (auto* role : {&a1, &l1}) {
    const auto ups = role->take<peer_up>();
    REQUIRE(ups.size() == 2);
    CHECK(ups[0].role.id == "a1");
    CHECK(ups[0].role.format_id == "disk");
    CHECK(ups[0].role.lives == life_history{}); // the others judge those of its disks
    CHECK(ups[1].role.handle == l1.handle());
  }
}

TEST_CASE_FIXTURE(node_stage, "a peer is welcomed, and each side learns the other's roles") {
  const auto answer = greet(peer, hello_of(peer, 5));
  CHECK(answer.refusal.empty());
  CHECK(answer.cluster == "test");
  CHECK(answer.address == "host1:1");
  REQUIRE(answer.roles.size() == 2);
  CHECK(answer.roles[0].id == "a1");
  CHECK(answer.roles[0].handle == a1.handle());
  for (auto* role : {&a1, &r1}) {
    const auto ups = role->take<peer_up>();
    REQUIRE(ups.size() == 1);
    CHECK(ups[0].role.id == "l2");
    CHECK(ups[0].role.handle == l2.handle());
  }
  beats(1);
  const auto sent = peer.take<heartbeat>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].incarnation == answer.incarnation);
}

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

TEST_CASE_FIXTURE(node_stage, "silence becomes peer_down, and its end peer_up") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  for (int i = 0; i < 20; ++i) {
    send_from(peer, node, heartbeat{5});
    beats(1);
  }
  CHECK(told_nobody());
  beats(5); // the sixth, with that after the last heartbeat
  CHECK(told_nobody());
  beats(1);
  CHECK(told_both<peer_down>());
  beats(20);
  CHECK(told_nobody()); // it is told once
  CHECK(peer.count<heartbeat>() > 20);

  send_from(peer, node, heartbeat{4});       // of its former life
  send_from(peer_again, node, heartbeat{5}); // somebody else's: the incarnation is no secret
  settle();
  CHECK(told_nobody());
  send_from(peer, node, heartbeat{5});
  settle();
  CHECK(told_both<peer_up>());
  beats(6);
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(node_stage, "a peer that was started again replaces its former self") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  recorder new_l2 = record("l2");
  auto m = hello_of(peer_again, 6);
  m.roles = {new_l2.as(role_kind::leader)};
  greet(peer_again, m);
  for (auto* role : {&a1, &r1}) {
    CHECK(role->take<peer_down>().size() == 1);
    const auto ups = role->take<peer_up>();
    REQUIRE(ups.size() == 1);
    CHECK(ups[0].role.handle == new_l2.handle());
  }
  peer.forget();
  beats(1);
  CHECK(peer.count<heartbeat>() == 0);
  CHECK(peer_again.count<heartbeat>() == 1);

  stop(peer.handle()); // the old connection breaks late
  CHECK(told_nobody());
  for (int i = 0; i < 10; ++i) {
    send_from(peer, node, heartbeat{5}); // late, too: it does not speak for the new one
    beats(1);
  }
  CHECK(told_both<peer_down>());
}

TEST_CASE_FIXTURE(node_stage, "the same peer may say hello twice") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  greet(peer, hello_of(peer, 5));
  for (auto* role : {&a1, &r1}) {
    CHECK(role->count<peer_up>() == 1);
    CHECK(role->count<peer_down>() == 1);
  }
  beats(1);
  CHECK(peer.count<heartbeat>() == 1);
}

TEST_CASE_FIXTURE(node_stage, "a connection that breaks is peer_down, once") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  stop(peer.handle());
  CHECK(told_both<peer_down>());
  beats(20);
  CHECK(told_nobody());
}

TEST_CASE_FIXTURE(node_stage, "a client comes and goes") {
  recorder c1 = record("c1");
  CHECK(greet(peer, client_hello(peer, c1, 5)).refusal.empty());
  CHECK(r1.take<peer_up>().size() == 1);
  beats(1);
  CHECK(peer.count<heartbeat>() == 1);
  stop(peer.handle());
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 1);
  CHECK(downs[0].id == "c1");
}

TEST_CASE_FIXTURE(node_stage, "a client process has one place, however many actors it names") {
  recorder c1 = record("c1"), c2 = record("c2");
  CHECK(greet(peer, client_hello(peer, c1, 5)).refusal.empty());
  CHECK(greet(peer_again, client_hello(peer_again, c2, 6)).refusal.empty());
  CHECK(r1.take<peer_up>().size() == 2);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 1);
  CHECK(downs[0].id == "c1");
  beats(1);
  CHECK(peer.count<heartbeat>() == 0);
  CHECK(peer_again.count<heartbeat>() == 1);
}

TEST_CASE_FIXTURE(node_stage, "a client that names a member's address does not take its place") {
  greet(peer, hello_of(peer, 5));
  CHECK(told_both<peer_up>());
  recorder c1 = record("c1");
  auto m = client_hello(peer_again, c1, 6);
  m.address = "host2:1";
  CHECK(greet(peer_again, m).refusal.empty());
  for (auto* role : {&a1, &r1}) {
    CHECK(role->count<peer_down>() == 0);
    const auto ups = role->take<peer_up>();
    REQUIRE(ups.size() == 1);
    CHECK(ups[0].role.id == "c1");
    CHECK(ups[0].address.empty());
  }
  beats(1);
  CHECK(peer.count<heartbeat>() == 1);
}

TEST_CASE_FIXTURE(node_stage,
                  "the status has the roles that answer, and does not wait for the others") {
  const auto answering = spawn(answering_role, role_id{"r2"});
  const auto silent = spawn(silent_role, role_id{"a2"});
  auto settings = std::make_shared<node_settings>();
  settings->address = "host2:1";
  settings->roles = {{"a2", role_kind::acceptor, "disk", silent},
                     {"r2", role_kind::replica, "disk", answering}};
  const auto other = spawn(node_actor, settings);
  send_from(peer, other, status_request{true});
  settle();
  CHECK(peer.has_heard_nothing());
  beats(10);
  const auto answers = peer.take<process_status>();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].address == "host2:1");
  REQUIRE(answers[0].roles.size() == 1);
  CHECK(answers[0].roles[0].id == "r2");
  CHECK(answers[0].roles[0].fingerprint == 42);
}

TEST_CASE_FIXTURE(stage, "a node tells its port what a majority of the replicas' clocks say") {
  recorder r1 = record("r1"), r2 = record("r2"), r4 = record("r4"), port = record("port");
  recorder peer = record("node2"), guest = record("node4"), elsewhere = record("node5");
  recorder r3 = record("r3");
  constexpr std::int64_t today = 1'700'000'000'000, days_400 = 400LL * 86'400'000;
  auto clock = std::make_shared<kv::moment_here>(kv::moment_here{today + days_400, 5'000});
  configuration config;
  config.acceptors = {{"a1", "host9:1"}};
  config.leaders = {{"l1", "host9:1"}};
  config.replicas = {{"r1", "host1:1"}, {"r2", "host2:1"}, {"r3", "host3:1"}};
  auto settings = std::make_shared<node_settings>();
  settings->address = "host1:1";
  settings->roles = {r1.as(role_kind::replica)};
  settings->known = membership{config};
  settings->clocks = [clock] { return *clock; };
  const auto node = spawn(node_actor, settings);
  send_from(port, node, watch_members{});
  const auto meet = [&](recorder& other, const char* address, recorder& role, std::uint64_t id) {
    send_from(
        other, node,
        hello{"", address, id, other.handle(), {role.as(role_kind::replica)}, 0, 1, false, {}});
    settle();
    REQUIRE(other.take<welcome>().at(0).refusal.empty());
  };
  meet(peer, "host2:1", r2, 5);
  meet(guest, "host4:1", r4, 6);     // no member: its clock does not count
  meet(elsewhere, "host5:1", r3, 7); // nor does one that is not where the member is
  const auto beat_once = [&] {
    advance(beat);
    settle();
  };
  send_from(guest, node, heartbeat{6, 1, 1, 0, today + days_400});
  send_from(elsewhere, node, heartbeat{7, 1, 1, 0, today + days_400});
  beat_once();
  CHECK(port.take<clock_news>().empty());
  send_from(guest, node, heartbeat{5, 1, 1, 0, today}); // in the member's name
  beat_once();
  CHECK(port.take<clock_news>().empty());
  send_from(peer, node, heartbeat{5, 1, 1, 0, today});
  beat_once();
  const auto news = port.take<clock_news>();
  REQUIRE(news.size() == 1);
  CHECK(news[0].agreed_ms == today);
  CHECK(news[0].steady_ms == 5'000);
  CHECK(peer.take<heartbeat>().back().wall_ms == today + days_400); // the others judge it
  clock->steady_ms += kv::max_reading_age_ms + 1;
  beat_once();
  CHECK(port.take<clock_news>().empty()); // too long ago
}

TEST_CASE("of two processes one dials the other, and acceptors dial no acceptors") {
  configuration config;
  config.acceptors = {{"a1", "h1:1"}, {"a2", "h2:1"}, {"a3", "h3:1"}};
  config.leaders = {{"l1", "h3:1"}};
  config.replicas = {{"r1", "h4:1"}};
  const membership members{config};
  using addresses = std::set<std::string>;
  const auto dialled = [&](const std::string& own, const addresses& missed = {}) {
    return addresses_to_dial(members, own, missed);
  };
  CHECK(dialled("h1:1") == addresses{"h3:1", "h4:1"});
  CHECK(dialled("h2:1") == addresses{"h3:1", "h4:1"});
  CHECK(dialled("h3:1") == addresses{"h4:1"});
  CHECK(dialled("h4:1").empty());
  // Who is missed is dialled, but acceptors still do not need each other.
  CHECK(dialled("h4:1", {"h1:1"}) == addresses{"h1:1"});
  CHECK(dialled("h2:1", {"h1:1"}) == addresses{"h3:1", "h4:1"});
  // Who is no member is known to nobody, so it dials everybody.
  CHECK(dialled("h9:1") == addresses{"h1:1", "h2:1", "h3:1", "h4:1"});
}

} // namespace pmmc::test
