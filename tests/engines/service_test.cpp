// What clients see, whatever the engine.
#include "core_helpers.hpp"
#include "engines/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace pmmc;
using namespace pmmc::engines::test;

namespace {

constexpr std::array both_engines = {engine_kind::raft, engine_kind::simple};

cluster::settings of(engine_kind engine, std::size_t servers = 3) {
  cluster::settings s;
  s.engine = engine;
  s.servers = servers;
  return s;
}

bool have_all(const cluster& world, const std::vector<std::string>& ops) {
  const auto ids = world.ids();
  return std::all_of(ids.begin(), ids.end(), [&](const role_id& id) {
    return !world.is_up(id) || std::all_of(ops.begin(), ops.end(), [&](const std::string& op) {
      return world.has_performed(id, op);
    });
  });
}

/// Nothing passes between `id` and the other servers; clients reach it.
auto between_servers(const cluster& world, const role_id& id) {
  return [&world, id](const cluster::letter& l) {
    return world.has(l.from) && world.has(l.what.to) && (l.from == id || l.what.to == id);
  };
}

} // namespace

static_assert(member_part<server>);
static_assert(takes_alone<server, raft::append_entries> && takes_alone<server, simple::prepare>);
static_assert(takes_with_sender<server, request> && !takes_alone<server, request>);

TEST_CASE("what is written at any server is performed by all") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    std::vector<std::string> ops;
    for (const auto& id : world.ids()) {
      const auto client = "c" + id.str();
      world.add_client(client, id);
      for (int i = 0; i < 10; ++i)
        ops.push_back(world.write(client));
    }
    CHECK(world.run_until([&] { return world.all_idle() && have_all(world, ops); }));
    CHECK(world.answered() == ops.size());
  }
}

TEST_CASE("a read at any server sees all that was answered before") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    world.add_client("w", "s1");
    for (const auto& id : world.ids())
      world.add_client("r" + id.str(), id);
    for (int i = 0; i < 20; ++i) {
      world.write("w");
      REQUIRE(world.run_until([&] { return world.is_idle("w"); }));
      for (const auto& id : world.ids())
        world.read("r" + id.str()); // throws if it misses it
    }
    CHECK(world.run_until([&] { return world.all_idle(); }));
    CHECK(world.reads() == 60);
  }
}

TEST_CASE("one round serves all reads that wait") {
  cluster world{of(engine_kind::raft)};
  const auto leader = world.run_until_leader();
  world.add_client("w", leader);
  world.write("w");
  REQUIRE(world.run_until([&] { return world.all_idle(); }));
  const auto before = world[leader].counters().read_rounds;
  world.add_client("r", leader);
  for (int i = 0; i < 50; ++i)
    world.read("r");
  REQUIRE(world.run_until([&] { return world.all_idle(); }));
  CHECK(world.reads() == 50);
  CHECK(world[leader].counters().read_rounds <= before + 2);
}

TEST_CASE("a request that is asked for again at another server is executed once") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    world.add_client("c", "s1");
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    world.loses = [](const cluster::letter& l) { return l.from == "s1" && l.what.to == "c"; };
    const auto op = world.write("c");
    CHECK(world.run_until([&] { return world.all_idle(); }));
    CHECK(world.answered() == 2);
    CHECK(have_all(world, {op})); // once: the cluster looks
  }
}

TEST_CASE("requests that come together travel together, and slots follow each other") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    const auto first = engine == engine_kind::raft ? world.run_until_leader() : role_id{"s1"};
    world.add_client("c", first);
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    const auto before = world[first].slot_out();
    for (int i = 0; i < 30; ++i)
      world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    CHECK(world[first].slot_out() <= before + 30 / 3 + 3); // three requests a batch
  }
}

TEST_CASE("without a majority clients are told why, and it goes on when there is one") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    world.add_client("c", "s1");
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    world.crash("s2");
    world.crash("s3");
    std::string told;
    world.loses = [&](const cluster::letter& l) {
      if (const auto* r = std::get_if<response>(&l.what.body);
          r != nullptr && r->status == reply_status::unavailable)
        told = r->body;
      return false;
    };
    const auto op = world.write("c");
    CHECK_FALSE(world.run_until([&] { return world.all_idle(); }, 400));
    CHECK(told.starts_with("no quorum: 1 of 3 servers are heard (needed: 2), not s2 at s2:1 s3 at "
                           "s3:1"));
    CHECK(world["s1"].gauges().trouble.starts_with("no quorum"));
    world.restart("s2");
    CHECK(world.run_until([&] { return world.all_idle() && have_all(world, {op}); }));
  }
}

TEST_CASE("a read that no majority vouches for is given up, and never answered from old state") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    const auto first = engine == engine_kind::raft ? world.run_until_leader() : role_id{"s1"};
    world.add_client("w", first);
    world.write("w");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    std::vector<query_reply> replies;
    world.loses = [&, cut = between_servers(world, first)](const cluster::letter& l) {
      if (const auto* q = std::get_if<query_reply>(&l.what.body); q && l.what.to == "x")
        replies.push_back(*q);
      return cut(l);
    };
    world[first].on("x", query{1, "", {}, 0});
    world.settle(first);
    world.run(400);
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].status == reply_status::unavailable);
    CHECK(replies[0].body.starts_with("no quorum: 1 of 3 servers are heard (needed: 2), not "));
  }
}

TEST_CASE("a leader that is cut off takes its proposals back, and hands them to the next one") {
  cluster world{of(engine_kind::raft)};
  const auto old = world.run_until_leader();
  world.add_client("c", old);
  world.write("c");
  REQUIRE(world.run_until([&] { return world.all_idle(); }));
  world.loses = between_servers(world, old);
  const auto op = world.write("c");
  world.run(1);
  CHECK(world.core(old).log().last().index > world.core(old).commit()); // it is in its log
  CHECK(world[old].log().in_flight() > 0);
  REQUIRE(world.run_until([&] { return !world.leader().empty() && world.leader() != old; }));
  world.loses = {};
  CHECK(world.run_until([&] { return world.all_idle() && have_all(world, {op}); }));
  CHECK(world[old].log().in_flight() == 0);
  CHECK(world[old].pending_requests() == 0);
}

TEST_CASE("what a follower has handed on is taken back when another server leads") {
  cluster world{of(engine_kind::raft, 5)};
  const auto old = world.run_until_leader();
  const role_id follower = old == "s1" ? "s2" : "s1";
  world.add_client("c", follower);
  world.write("c");
  REQUIRE(world.run_until([&] { return world.all_idle(); }));
  world.loses = [&](const cluster::letter& l) { // the leader takes it and dies
    return l.from == old && world.has(l.what.to);
  };
  const auto op = world.write("c");
  REQUIRE(world.run_until(
      [&] { return world.leader() != old && world.core(follower).leader() == world.leader(); }));
  world.crash(old);
  // Long before the follower would offer it again, or the client.
  CHECK(world.run_until([&] { return world.all_idle() && have_all(world, {op}); }, 10));
}

TEST_CASE("what is too large is refused, and the session goes on behind it") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    world.add_client("c", "s1");
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    request m = pmmc::test::opening(77);
    world["s2"].on("x", m);
    world.settle("s2");
    session_id session = 0;
    std::vector<response> answers;
    world.loses = [&](const cluster::letter& l) {
      if (const auto* r = std::get_if<response>(&l.what.body); r && l.what.to == "x")
        answers.push_back(*r);
      return false;
    };
    REQUIRE(world.run_until([&] { return !answers.empty(); }));
    byte_reader in{answers.back().body};
    session = in.varint();
    answers.clear();
    world["s2"].on("x", pmmc::test::operation(session, 1, std::string(max_op_bytes + 1, 'x')));
    world["s2"].on("x", pmmc::test::operation(session, 2, "x.2"));
    world.settle("s2");
    REQUIRE(world.run_until([&] { return answers.size() >= 2; }));
    std::sort(answers.begin(), answers.end(),
              [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
    CHECK(answers[0].status == reply_status::refused);
    CHECK(answers[1].status == reply_status::ok);
  }
}

TEST_CASE("which cluster it is, its log decides: one server founds it") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine)};
    world.add_client("c", "s1");
    world.write("c");
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    const auto ids = world.ids();
    const bool has_identity = world.run_until(
        [&] {
          return std::all_of(ids.begin(), ids.end(),
                             [&](const role_id& id) { return world[id].state().identity() == 7; });
        },
        5'000);
    // Simple: the server that founds has proposed; Raft: if it ever leads.
    CHECK((has_identity || (engine == engine_kind::raft && world.leader() != "s1")));
  }
}
