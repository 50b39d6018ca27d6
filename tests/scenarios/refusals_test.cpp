// A refusal changes nothing and holds up nobody: after each that a request can meet, the next
// request of the same client, and one of another, are answered at once. All replicas stay equal.
#include "scenarios/story_clients.hpp"
#include "wire/message_codec.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace pmmc;
using namespace pmmc::test;

namespace {

/// A round trip through the log takes 1 or 2; the next hand-on, proposal or retry would be at 20.
constexpr std::uint64_t at_once_ticks = 10;

struct bench {
  script c;
  story_clients d{c};
  session_id mine = 0;
  session_id others = 0;
  std::uint64_t others_number = 0;

  static script_settings small_limits() {
    script_settings s;
    s.replica.max_op_bytes = 100;
    s.replica.max_pending_requests = 4;
    return s;
  }

  explicit bench(script_settings settings = small_limits()) : c{settings} {
    REQUIRE(c.run_until([&] { return c.active_leaders().size() == 1; }, 500));
    c.run(60);
    mine = d.open("c1", "r1");
    others = d.open("c2", "r1");
    REQUIRE(mine != 0);
    REQUIRE(others != 0);
  }

  void send(const request& r, const role_id& replica = "r1") { c.send("c1", replica, r); }

  response ask(const request& r, const role_id& replica = "r1") {
    d.forget_answers();
    send(r, replica);
    const auto answer = d.answer_to(r.session, r.sequence);
    REQUIRE(answer);
    return *answer;
  }

  request operation(std::uint64_t number, std::string_view words = "append k x") const {
    return {request_kind::operation, mine, number, 0, operation_of(words)};
  }

  void answers_at_once(const role_id& client, const role_id& replica, session_id session,
                       std::uint64_t number) {
    const auto before = c.now();
    REQUIRE(d.ask(client, replica, session, number, "append " + client.str() + " x"));
    CHECK(c.now() - before <= at_once_ticks);
  }

  /// `next`: the client's next number. At the replica that refused, and at another one.
  void nobody_waits(std::uint64_t next) {
    for (const auto* replica : {"r1", "r2"}) {
      answers_at_once("c1", replica, mine, next++);
      answers_at_once("c2", replica, others, ++others_number);
    }
    c.run(100);
    for (const auto* replica : {"r2", "r3"})
      CHECK(c.replica_at(replica).state().fingerprint() ==
            c.replica_at("r1").state().fingerprint());
  }

  std::string value(const std::string& key) const { return c.value_at("r1", key); }
};

} // namespace

TEST_CASE("refusal: an operation that is too large for the replicas") {
  bench b;
  const auto large = b.operation(1, "append k " + std::string(100, 'x'));
  SUBCASE("alone") {
    CHECK(b.ask(large).status == reply_status::refused);
    b.nobody_waits(2);
  }
  SUBCASE("with others of the session behind it") {
    b.send(b.operation(2));
    b.send(large);
    b.send(b.operation(3));
    CHECK(b.d.answer_to(b.mine, 1)->status == reply_status::refused);
    CHECK(b.d.value_of(b.mine, 3) == "xx");
    b.nobody_waits(4);
  }
  SUBCASE("sent to every replica, again and again") {
    for (int i = 0; i < 3; ++i)
      for (const auto* replica : {"r1", "r2", "r3"}) {
        CHECK(b.ask(large, replica).body == "the operation has " + std::to_string(large.op.size()) +
                                                " bytes, and one may have 100");
      }
    b.nobody_waits(2);
  }
  CHECK(b.value("k").size() <= 2);
}

TEST_CASE("refusal: a kind of request that does not exist, or that is not for clients") {
  for (const auto kind : {request_kind::found, request_kind::refusal}) {
    bench b;
    auto strange = b.operation(1);
    strange.kind = kind;
    CHECK(b.ask(strange).status == reply_status::refused);
    b.nobody_waits(2);
    CHECK(b.value("k").empty());
  }
  // One that does not exist does not come so far.
  std::string bytes;
  wire::parcel arrived;
  wire::encode(bytes, client_requests{"c1", {{static_cast<request_kind>(77), 1, 1, 0, {}}}, {}});
  CHECK(wire::decode(bytes, arrived) == "there is no such kind of request");
}

TEST_CASE("refusal: a replica with too much to do; asked again, it executes") {
  bench b;
  for (std::uint64_t number = 1; number <= 5; ++number)
    b.send(b.operation(number));
  CHECK(b.d.answer_to(b.mine, 5)->status == reply_status::busy);
  REQUIRE(b.d.answer_to(b.mine, 4)->status == reply_status::ok);
  CHECK(b.ask(b.operation(5)).status == reply_status::ok);
  b.nobody_waits(6);
}

TEST_CASE("refusal: too far ahead of a number that is still to come") {
  bench b;
  CHECK(b.ask(b.operation(1 + max_session_window)).status == reply_status::put_off);
  b.nobody_waits(1);
  CHECK(b.value("k").empty());
}

TEST_CASE("refusal: bytes that are no reconfiguration, and one that names another version") {
  bench b;
  const auto order = [&](std::uint64_t number, std::string op) {
    const auto outcome = decode_reconfiguration_outcome(
        b.ask({request_kind::reconfigure, b.mine, number, 0, std::move(op)}).body);
    REQUIRE(outcome);
    CHECK(outcome->status != reconfiguration_status::accepted);
  };
  order(1, "garbage");
  reconfiguration late;
  late.replaces = 7;
  order(2, encode(late));
  b.nobody_waits(3);
}

TEST_CASE("refusal: what the state machine does not understand") {
  bench b;
  REQUIRE(b.d.ask("c1", "r1", b.mine, 1, "append k x"));
  CHECK(value_in(b.ask(b.operation(2, "add k")).body) ==
        "ERR value is not an integer or out of range");
  b.nobody_waits(3);
}

TEST_CASE("refusal: a number whose answer was acknowledged") {
  bench b;
  REQUIRE(b.ask(b.operation(1)).status == reply_status::ok);
  auto second = b.operation(2);
  second.acknowledged = 1;
  REQUIRE(b.ask(second).status == reply_status::ok);
  b.c.run(50);
  CHECK(b.ask(b.operation(1, "append k y")).status == reply_status::refused);
  b.nobody_waits(3);
  CHECK(b.value("k") == "xx");
}

TEST_CASE("refusal: a session that has ended; the client opens another") {
  bench b;
  REQUIRE(b.ask({request_kind::end_session, b.mine, 1, 0, {}}).status == reply_status::ok);
  CHECK(b.ask(b.operation(2)).status == reply_status::session_ended);
  b.mine = b.d.open("c1", "r1");
  b.nobody_waits(1);
  CHECK(b.value("k").empty());
}

TEST_CASE("refusal: a query that is too large, or one too many") {
  auto limits = bench::small_limits();
  limits.replica.max_queries = 1;
  bench b{limits};
  CHECK(b.d.read("c1", "r1", std::string(101, 'x'))->status == reply_status::refused);
  b.c.send("c1", "r1", query{1'000, query_of("k")});
  b.c.send("c1", "r1", query{1'001, query_of("k")});
  b.c.run(50);
  CHECK(b.d.read("c1", "r1", "k")->status == reply_status::ok);
  b.nobody_waits(1);
}
