// Dialling, between two processes, and messages that really go over the wire.
#include "actors/played_node.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

caf::behavior handing_on(caf::event_based_actor* self, const caf::actor& to) {
  return {[=](const hello& m) { return self->delegate(to, m); }};
}

} // namespace

TEST_CASE_FIXTURE(two_processes, "a node dials, and the roles of both sides can talk") {
  start_listening("test");
  start_dialling();
  beats(1);
  const auto ups1 = others_up(r1);
  const auto ups2 = others_up(a2);
  REQUIRE(ups1.size() == 1);
  REQUIRE(ups2.size() == 1);
  CHECK(ups1[0].id == "a2");
  CHECK(ups1[0].format_id == "disk");
  CHECK(ups2[0].id == "r1");

  caf::send_as(r1.handle(), ups1[0].handle, mail{read_probe{"r1", 7, 1}});
  beats(1);
  const auto asked = a2.take<read_probe>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].round == 7);
  caf::send_as(a2.handle(), ups2[0].handle, mail{read_probe_reply{"a2", 7, 1, 3}});
  beats(1);
  INFO(r1.text());
  CHECK(r1.take<read_probe_reply>().size() == 1);
  beats(20); // heartbeats keep both sides content
  CHECK(r1.has_heard_nothing());
  CHECK(a2.has_heard_nothing());
}

TEST_CASE_FIXTURE(two_processes,
                  "what goes to members of other processes is counted, nothing else") {
  start_listening("test");
  start_dialling();
  beats(1);
  const auto ups = others_up(r1);
  REQUIRE(ups.size() == 1);
  auto client = ups[0];
  client.id = "c";
  client.kind = role_kind::client;
  peer_directory known;
  for (const auto& role : {ups[0], client, r1.as(role_kind::replica)})
    known.up(role);
  const auto copy = known;
  for (const role_id id : {"a2", "c", "r1", "nobody"})
    copy.send(r1.handle(), id, mail{read_probe{"r1", 7, 1}});
  beats(1);
  CHECK(a2.take<read_probe>().size() == 2);
  CHECK(r1.take<read_probe>().size() == 1);
  CHECK(known.messages_sent() == 1);
}

TEST_CASE_FIXTURE(two_processes, "a node that dials into another cluster says so, once") {
  start_listening("other");
  start_dialling();
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3); // a2, l2 and r2 are expected there
  CHECK(downs[0].id == "a2");
  CHECK(downs[0].why == "at host2:1 belongs to cluster \"other\", not to \"test\"");
  CHECK(others_up(a2).empty());
  CHECK(others_up(r1).empty());
}

TEST_CASE_FIXTURE(two_processes,
                  "a node that dials one of the cluster that was there before says so") {
  start_listening("test", 0xA);
  start_dialling(0xB);
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3);
  CHECK(downs[0].why.starts_with("at host2:1 is refused: it belongs to the cluster with identity "
                                 "000000000000000a, and this is 000000000000000b: "));
  CHECK(others_up(a2).empty());
  CHECK(others_up(r1).empty());
}

TEST_CASE_FIXTURE(two_processes, "an identity that is decided is handed on to who is connected") {
  start_listening("test");
  start_dialling();
  beats(1);
  CHECK(others_up(a2).size() == 1);
  caf::anon_send(node2, members_news{membership{config_history{make_config(2)}, 1, 0xA}});
  beats(2); // the other one's heartbeat says that it does not know
  const auto news = r1.take<members_news>();
  REQUIRE(news.size() == 1);
  CHECK(news[0].known.identity == 0xA);
}

TEST_CASE_FIXTURE(two_processes, "who dials tells what it knows better, disks as well") {
  start_dialling();
  auto config = make_config(2);
  config.acceptors[0].disk = "disk of a1";
  caf::anon_send(node1, members_news{membership{config_history{config}}});
  beats(1);
  start_listening("test"); // it has not been there yet
  beats(30);
  const auto news = a2.take<members_news>();
  REQUIRE(!news.empty());
  CHECK(news.back().known.configurations.disks().at("a1") == "disk of a1");
}

TEST_CASE_FIXTURE(two_processes,
                  "a process that is not there is reported, and dialled until it is") {
  start_dialling();
  beats(30);
  const auto downs = r1.take<peer_down>();
  REQUIRE(downs.size() == 3);
  CHECK(downs[0].why.starts_with("at host2:1 cannot be reached"));
  start_listening("test");
  beats(30);
  CHECK(others_up(r1).size() == 1);
  CHECK(others_up(a2).size() == 1);
}

TEST_CASE_FIXTURE(two_processes,
                  "who was dialled and is no member when it answers is met on both sides") {
  const auto slow = std::make_shared<slow_node>();
  listen_as(host2.system().spawn(answering_late, slow));
  start_dialling();
  beats(1);
  REQUIRE(slow->hello.pending());
  auto next = make_config(2);
  next.version = 2;
  next.first_slot = 10;
  for (auto* members : {&next.acceptors, &next.leaders, &next.replicas})
    members->pop_back();
  membership known{config_history{make_config(2)}};
  known.configurations.add(next);
  known.live_from = 2;
  caf::anon_send(node1, members_news{known});
  settle();
  SUBCASE("if it answers") {
    slow->answer = played_welcome{
        {}, false, "test", "host2:1", 7, {a2.as(role_kind::acceptor, "disk")}, known, {}};
    caf::anon_send(node2, tick_atom::value);
    beats(5);
    CHECK(slow->heartbeats > 0);
  }
  SUBCASE("but not dialled again if it does not") {
    caf::anon_send(node2, tick_atom::value);
    beats(5);
    CHECK(slow->hellos == 1);
    recorder asker{host1.system(), "asker"};
    caf::send_as(asker.handle(), node1, ask_process_at{"host2:1", std::chrono::seconds{2}, {}});
    beats(5);
    const auto told = asker.take<probed_process>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].status.address == "host2:1"); // of it, nothing is known any more
    caf::anon_send_exit(asker.handle(), caf::exit_reason::user_shutdown);
  }
}

TEST_CASE_FIXTURE(two_processes, "who is refused hears what the other one knows") {
  const auto slow = std::make_shared<slow_node>();
  listen_as(host2.system().spawn(answering_late, slow));
  start_dialling();
  beats(1);
  auto next = make_config(2);
  next.version = 2;
  next.first_slot = 9;
  next.acceptors[0].address = "host9:1";
  membership known{config_history{make_config(2)}};
  known.configurations.add(next);
  slow->answer = played_welcome{"a copy", false, "test", "host2:1", 7, {}, known, {}};
  caf::anon_send(node2, tick_atom::value);
  beats(2);
  const auto news = r1.take<members_news>();
  REQUIRE(news.size() == 1);
  CHECK(news[0].known.version() == 2);
}

TEST_CASE_FIXTURE(two_processes, "a welcome counts from the one that was greeted only") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  others.push_back(host2.system().spawn(welcoming, played));
  listen_as(host2.system().spawn(handing_on, others[0]));
  start_dialling();
  beats(1);
  CHECK(played->hellos > 0);
  CHECK(others_up(r1).empty());
  const auto downs = r1.take<peer_down>();
  REQUIRE(!downs.empty());
  CHECK(downs.back().why == "at host2:1 does not answer as a pmmc process does");
}

TEST_CASE_FIXTURE(two_processes, "a welcome whose roles cannot be remembered is none") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  auto& role = played->role;
  SUBCASE("lives without a number") { role.lives.first = 0; }
  SUBCASE("lives without end") { role.lives.nonces.resize(life_history::max_kept + 1); }
  SUBCASE("a disk with a long name") { role.format_id.resize(100'000, 'x'); }
  listen_as(host2.system().spawn(welcoming, played));
  start_dialling();
  beats(1);
  CHECK(others_up(r1).empty());
  CHECK(!r1.take<peer_down>().empty());
}

TEST_CASE_FIXTURE(two_processes, "what a welcome says otherwise is told in one line, and cut") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  played->facts.machine = "\n" + std::string(max_said_bytes - 1, 'x');
  listen_as(host2.system().spawn(welcoming, played));
  start_dialling();
  beats(1);
  const auto downs = r1.take<peer_down>();
  REQUIRE(!downs.empty());
  CHECK(downs.back().why.find("its state machine is ") != std::string::npos);
  CHECK(downs.back().why.find('\n') == std::string::npos);
  CHECK(downs.back().why.size() < 5'000);
}

TEST_CASE_FIXTURE(two_processes, "one that is connected, but has forgotten it, is greeted again") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  listen_as(host2.system().spawn(welcoming, played));
  start_dialling();
  beats(1);
  CHECK(others_up(r1).size() == 1);
  r1.forget();
  beats(10); // without a heartbeat
  CHECK(r1.take<peer_down>().size() == 1);
  CHECK(played->hellos == 1);
  beats(50);
  CHECK(played->hellos == 2);
  CHECK(others_up(r1).size() == 1);
}

TEST_CASE_FIXTURE(two_processes, "a process stops when a majority of the acceptors differ from it, "
                                 "and not for those that did before") {
  configuration config;
  config.acceptors = {{"a1", "host1:1"}, {"a2", "host2:2"}, {"a3", "host3:3"}};
  config.leaders = {{"l1", "host1:1"}};
  config.replicas = {{"r1", "host1:1"}};
  const auto settings = settings_of("host1:1", r1.as(role_kind::replica, "disk"), config);
  settings->facts.window = 128;
  const auto why = std::make_shared<std::vector<std::string>>();
  settings->differs = [why](const std::string& text) { why->push_back(text); };
  const auto play = [&](const std::string& host, std::uint16_t port) {
    const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"),
                                                      host + ":" + std::to_string(port));
    played->facts.window = 16;
    others.push_back(host2.system().spawn(welcoming, played));
    listen(others.back(), host, port);
    return played;
  };
  const auto second = play("host2", 2);
  node1 = host1.system().spawn(node_actor, settings);
  beats(1);
  CHECK(second->hellos == 1);
  SUBCASE("it goes on to differ") {
    play("host3", 3);
    beats(30);
    const auto first = why->empty() ? std::string{} : why->front();
    CHECK(first.find("its window is 128, and there it is 16") != std::string::npos);
  }
  SUBCASE("it was started again, as the others were") {
    second->facts.window = 128;
    beats(30);
    CHECK(others_up(r1).size() == 1);
    CHECK(play("host3", 3)->hellos == 0);
    beats(30);
    CHECK(why->empty());
  }
}

TEST_CASE_FIXTURE(two_processes,
                  "a member that should dial, and does not for a while, is dialled") {
  configuration config;
  config.acceptors = {{"a1", "host1:1"}, {"a2", "host2:9"}, {"a3", "host3:3"}};
  config.leaders = {{"l1", "host2:9"}};
  config.replicas = {{"r1", "host2:9"}};
  const auto settings = settings_of("host2:9", r1.as(role_kind::replica, "disk"), config);
  recorder a3{host3.system(), "a3"};
  const auto play = [&](process& where, recorder& role, const std::string& host,
                        std::uint16_t port) {
    const auto played = std::make_shared<played_node>(role.as(role_kind::acceptor, "disk"),
                                                      host + ":" + std::to_string(port));
    others.push_back(where.system().spawn(welcoming, played));
    listen_at(where, others.back(), host, port);
    return played;
  };
  others.push_back(a3.handle());
  const auto smaller = play(host2, a2, "host1", 1);
  const auto larger = play(host3, a3, "host3", 3);
  node1 = host1.system().spawn(node_actor, settings);
  beats(25);
  CHECK(larger->hellos == 1);
  CHECK(smaller->hellos == 0);
  beats(10);
  CHECK(smaller->hellos == 1);
}

TEST_CASE_FIXTURE(two_processes,
                  "who reaches nobody that it knows asks whom the config file names") {
  const auto played = std::make_shared<played_node>(a2.as(role_kind::acceptor, "disk"));
  listen_as(host2.system().spawn(welcoming, played));
  const auto settings = settings_of("host1:1", r1.as(role_kind::replica, "disk"), make_config(1));
  settings->contacts = {"host2:1"};
  node1 = host1.system().spawn(node_actor, settings);
  beats(10);
  CHECK(played->hellos == 0); // it may know better
  beats(10);
  CHECK(played->hellos == 1);
}

TEST_CASE_FIXTURE(two_processes, "who says hello speaks for its own roles only") {
  start_listening("test");
  played_hello m{"test", "host1:1", 5,     a2.handle(), {a2.as(role_kind::leader, "other")},
                 0,      1,         false, {}};
  std::string why = "its hello is not one of pmmc's";
  SUBCASE("its own") { why = ""; }
  SUBCASE("a role of another process") { m.roles.push_back(r1.as(role_kind::leader, "disk")); }
  SUBCASE("the node of another process") { m.node = r1.handle(); }
  caf::send_as(a2.handle(), node2, m.as_sent());
  settle();
  const auto answers = take_told<welcome>(a2);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].refusal == why);
}

} // namespace pmmc::test
