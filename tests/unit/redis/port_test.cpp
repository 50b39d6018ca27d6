// A Redis port without sockets: what it asks those who carry out its outputs, and when.
#include "redis/port.hpp"

#include "base/codec.hpp"
#include "core_helpers.hpp"
#include "kv/reply.hpp"

#include <doctest/doctest.h>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::redis::test {

namespace {

using pmmc::test::make_config;

/// A port that has begun, with the connections 1 to 3.
struct port_bench {
  port_bench() {
    core.at({1'000'000, 5'000});
    core.learn(membership{make_config()});
    core.agreed(1'000'000, 5'000);
    connection_events events;
    for (connection_id id = 1; id <= 3; ++id)
      events.push_back({connection_event::kind::opened, id, "127.0.0.1:1"});
    core.on(std::move(events));
    core.take();
  }

  static connection_event change(connection_id id) {
    connection_event e{connection_event::kind::requests, id};
    auto& r = e.requests.emplace_back();
    for (const auto* word : {"PMMC", "RECONFIG", "REMOVE"})
      r.add(word);
    r.add("acceptor:a" + std::to_string(id));
    return e;
  }

  void ask_for_changes(std::initializer_list<connection_id> ids) {
    connection_events events;
    for (const auto id : ids)
      events.push_back(change(id));
    core.on(std::move(events));
  }

  /// Takes what the port put out: of which connections changes are to be made now.
  std::vector<std::string> asked() {
    const auto out = core.take();
    for (const auto& r : out.replies)
      replies[r.to] += r.bytes;
    std::vector<std::string> wanted;
    for (const auto& q : out.ask) {
      wanted.push_back(q.words.at(1));
      ticket = q.ticket;
    }
    return wanted;
  }

  void refuse() {
    kv::reply_writer reply;
    reply.error("ERR nonsense");
    core.answered(ticket, reply.take());
  }

  port core{port::usual("r1", role_kind::replica, "test", 1, 7, 500)};
  std::uint64_t ticket = 0; ///< of the last change that was asked for
  std::map<connection_id, std::string> replies;
};

using asked_for = std::vector<std::string>;

} // namespace

TEST_CASE("port: a change of the members is made while no other one is under way") {
  port_bench b;
  b.ask_for_changes({1});
  CHECK(b.asked() == asked_for{"acceptor:a1"});
  b.ask_for_changes({2});
  CHECK(b.asked().empty());
  CHECK(b.replies[2].starts_with("-BUSY not executed: "));
  b.refuse();
  CHECK(b.asked().empty());
  CHECK(b.replies[1] == "-ERR nonsense\r\n");
  b.ask_for_changes({3});
  CHECK(b.asked() == asked_for{"acceptor:a3"});
}

TEST_CASE("port: an answer to another question does not end the change that is under way") {
  port_bench b;
  b.ask_for_changes({1});
  CHECK(b.asked() == asked_for{"acceptor:a1"});
  connection_event e{connection_event::kind::requests, 2};
  auto& r = e.requests.emplace_back();
  r.add("PMMC");
  r.add("STATUS");
  connection_events events;
  events.push_back(std::move(e));
  b.core.on(std::move(events));
  const auto out = b.core.take();
  REQUIRE(out.ask.size() == 1);
  kv::reply_writer reply;
  reply.error("ERR nobody knows");
  b.core.answered(out.ask[0].ticket, reply.take());
  b.ask_for_changes({3});
  CHECK(b.asked().empty());
  CHECK(b.replies[3].starts_with("-BUSY not executed: "));
}

TEST_CASE(
    "port: of changes that come together, those behind one that is refused at once are made") {
  port_bench b;
  b.ask_for_changes({1, 2, 3});
  CHECK(b.asked() == asked_for{"acceptor:a1"});
  CHECK(b.replies.empty());
  SUBCASE("refused, one after the other") {
    b.refuse();
    CHECK(b.asked() == asked_for{"acceptor:a2"});
    b.refuse();
    CHECK(b.asked() == asked_for{"acceptor:a3"});
    CHECK(b.replies[1] == "-ERR nonsense\r\n");
    CHECK(b.replies[2] == "-ERR nonsense\r\n");
    CHECK(b.replies[3].empty());
  }
  SUBCASE("it is not: those behind it are not made, and need not wait for it") {
    CHECK(b.asked().empty());
    CHECK(b.replies[1].empty());
    CHECK(b.replies[2].starts_with("-BUSY not executed: "));
    CHECK(b.replies[3].starts_with("-BUSY not executed: "));
  }
}

TEST_CASE("port: a change of the members has a session of its own, and holds up nobody") {
  port_bench b;
  const auto change = b.core.propose("change");
  connection_event e{connection_event::kind::requests, 1};
  auto& r = e.requests.emplace_back();
  for (const auto* word : {"SET", "k", "v"})
    r.add(word);
  connection_events events;
  events.push_back(std::move(e));
  b.core.on(std::move(events));
  const auto answer = [&](session_id session, std::uint64_t sequence, std::string body) {
    pmmc::response m;
    m.session = session;
    m.sequence = sequence;
    m.body = std::move(body);
    b.core.on("r1", m);
  };
  std::vector<pmmc::request> opened;
  for (const auto& sent : b.core.take().send)
    opened.push_back(std::get<pmmc::request>(sent.body));
  REQUIRE(opened.size() == 2);
  session_id next = 100;
  for (const auto& asked : opened) {
    CHECK(asked.kind == pmmc::request_kind::open_session);
    std::string body;
    put_varint(body, next++);
    answer(0, asked.sequence, body);
  }
  std::map<pmmc::request_kind, pmmc::request> asked;
  for (const auto& sent : b.core.take().send)
    asked.emplace(std::get<pmmc::request>(sent.body).kind, std::get<pmmc::request>(sent.body));
  REQUIRE(asked.contains(pmmc::request_kind::reconfigure));
  REQUIRE(asked.contains(pmmc::request_kind::operation));
  const auto& waits = asked.at(pmmc::request_kind::reconfigure);
  const auto& write = asked.at(pmmc::request_kind::operation);
  CHECK(waits.session != write.session);
  CHECK((waits.sequence == 1 && write.sequence == 1));
  answer(waits.session, 1, "made");
  const auto out = b.core.take();
  REQUIRE(out.proposed.size() == 1);
  CHECK(out.proposed[0].ticket == change);
  CHECK(out.proposed[0].body == "made");
}

TEST_CASE("port: a change of the members that the replica has no room for is asked for again") {
  port_bench b;
  b.core.propose("change");
  const auto asked = [&] {
    const auto out = b.core.take();
    REQUIRE(out.send.size() == 1);
    return std::get<pmmc::request>(out.send[0].body);
  };
  const auto answer = [&](const pmmc::request& to, reply_status status, std::string body) {
    b.core.on("r1", pmmc::response{to.session, to.sequence, status, std::move(body)});
  };
  std::string session;
  put_varint(session, 100);
  answer(asked(), reply_status::ok, session);
  const auto first = asked();
  answer(first, reply_status::busy, "too much");
  for (int tick = 0; tick < 20; ++tick)
    b.core.on_tick();
  const auto again = asked();
  CHECK(again.kind == pmmc::request_kind::reconfigure);
  CHECK(again.sequence == first.sequence);
}

TEST_CASE("port: of a server it serves while that is a member") {
  port s1{port::usual("s1", role_kind::server, "test", 1, 7, 500)};
  s1.learn(membership{pmmc::test::make_servers()});
  CHECK(s1.why_unavailable().empty());
  port s9{port::usual("s9", role_kind::server, "test", 1, 7, 500)};
  s9.learn(membership{pmmc::test::make_servers()});
  CHECK(s9.why_unavailable() ==
        "server s9 is not a member of the cluster yet; use the port of another server");
}

} // namespace pmmc::redis::test
