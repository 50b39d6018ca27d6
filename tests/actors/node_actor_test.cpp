// The node actor: what the process's own roles are told about the others, as these come and go.
#include "actors/node_stage.hpp"

namespace pmmc::test {

namespace {

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
  const auto lives = settings->roles[0].lives;
  spawn(node_actor, settings);
  settle();
  for (auto* role : {&a1, &l1}) {
    const auto ups = role->take<peer_up>();
    REQUIRE(ups.size() == 2);
    CHECK(ups[0].role.id == "a1");
    CHECK(ups[0].role.format_id == "disk");
    CHECK(ups[0].role.lives == lives);
    CHECK(ups[0].is_own);
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
    CHECK(role->count<peer_down>() == 0);
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
    send_from(other, node,
              played_hello{
                  "", address, id, other.handle(), {role.as(role_kind::replica)}, 0, 1, false, {}});
    settle();
    REQUIRE(take_told<welcome>(other).at(0).refusal.empty());
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
