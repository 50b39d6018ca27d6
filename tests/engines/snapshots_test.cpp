// Snapshots of servers: what goes from the log, who fetches one, and crashes around them.
#include "engines/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pmmc;
using namespace pmmc::engines::test;

namespace {

constexpr std::array both_engines = {engine_kind::raft, engine_kind::simple};

cluster::settings of(engine_kind engine, std::size_t snapshot_log_bytes) {
  cluster::settings s;
  s.engine = engine;
  s.snapshot_log_bytes = snapshot_log_bytes;
  return s;
}

void write_and_wait(cluster& world, const role_id& client, int number) {
  for (int i = 0; i < number; ++i) {
    world.write(client);
    REQUIRE(world.run_until([&] { return world.is_idle(client); }));
  }
}

bool are_equal(const cluster& world) {
  const auto ids = world.ids();
  return std::all_of(ids.begin(), ids.end(), [&](const role_id& id) {
    return world[id].slot_out() == world[ids.front()].slot_out();
  });
}

} // namespace

TEST_CASE("what is in durable snapshots goes from the log") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine, 600)};
    world.add_client("c", "s1");
    write_and_wait(world, "c", 100);
    world.run(300);
    for (const auto& id : world.ids()) {
      INFO(id.str());
      server_vitals told = world[id].current_vitals();
      CHECK(told.snapshot_slot > 60);
      CHECK(told.watermark > 60);
      CHECK(told.watermark <= told.snapshot_slot);
      CHECK(world[id].figures().log_slots < 60);
    }
  }
}

TEST_CASE("raft: entries that a server a little behind needs are kept, up to a bound") {
  for (const std::size_t kept_bytes : {0, 1'000'000}) {
    INFO(kept_bytes);
    auto s = of(engine_kind::raft, 1'000);
    s.kept_bytes = kept_bytes;
    cluster world{s};
    const auto leader = world.run_until_leader();
    const role_id behind = leader == "s3" ? "s2" : "s3";
    world.add_client("c", leader);
    write_and_wait(world, "c", 3);
    world.loses = [&](const cluster::letter& l) { // it is heard, and gets no entries
      return l.what.to == behind && std::holds_alternative<raft::append_entries>(l.what.body) &&
             !std::get<raft::append_entries>(l.what.body).entries.empty();
    };
    write_and_wait(world, "c", 60);
    CHECK(world[leader].snapshot_slot() > 20);
    if (kept_bytes != 0)
      CHECK(world.core(leader).log().first() <= world[behind].slot_out());
    world.loses = {};
    CHECK(world.run_until([&] { return are_equal(world); }));
    CHECK((world.fetched() == 0) == (kept_bytes != 0));
  }
}

TEST_CASE("a server that lags behind the others' logs fetches a snapshot, and goes on") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine, 600)};
    world.add_client("c", "s1");
    write_and_wait(world, "c", 3);
    world.isolate("s3");
    write_and_wait(world, "c", 60);
    for (const auto& id : {"s1", "s2"}) { // simple: what they know they keep, until they restart
      world[id].save_now();
      world.settle(id);
    }
    for (const auto& id : {"s1", "s2"}) {
      world.crash(id);
      world.restart(id);
    }
    REQUIRE(world.run_until([&] { return world.all_idle(); }));
    world.rejoin("s3");
    CHECK(world.run_until([&] { return are_equal(world) && world.fetched() > 0; }, 10'000));
    CHECK(world["s3"].counters().snapshots_installed > 0);
    world.add_client("d", "s3"); // and it takes part
    write_and_wait(world, "d", 3);
    CHECK(world.run_until([&] { return are_equal(world); }));
  }
}

TEST_CASE("requests that wait at a server that takes a snapshot over are answered from it") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine, 600)};
    world.add_client("c", "s3");
    world.add_client("d", "s1");
    write_and_wait(world, "c", 3);
    // What s3 asks for is decided, and the news of it does not come back.
    world.loses = [](const cluster::letter& l) {
      return l.what.to == "s3" && l.from != "c" && l.from != "d";
    };
    if (engine == engine_kind::raft && world.leader() == "s3") {
      REQUIRE(world.run_until([&] { return !world.leader().empty() && world.leader() != "s3"; }));
    }
    world.write("c");
    world.run(30);
    write_and_wait(world, "d", 40);
    for (const auto& id : {"s1", "s2"}) {
      world[id].save_now();
      world.settle(id);
      world.crash(id);
      world.restart(id);
    }
    world.loses = {};
    CHECK(world.run_until([&] { return world.all_idle() && are_equal(world); }, 20'000));
    CHECK(world.run_until([&] { return world["s3"].pending_requests() == 0; }));
  }
}

TEST_CASE("a crash after a snapshot, before the log is told of it, loses nothing") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine, 4 << 20)};
    world.add_client("c", "s1");
    write_and_wait(world, "c", 20);
    world.make_disks_slow(true);
    world["s2"].save_now();
    world.settle("s2");
    REQUIRE(world.is_saving("s2"));
    world.finish_save("s2"); // the record of it is not written
    world.crash("s2");
    CHECK(world.snapshot_on_disk("s2") > 10);
    world.make_disks_slow(false);
    world.restart("s2");
    CHECK(world["s2"].slot_out() >= world.snapshot_on_disk("s2"));
    write_and_wait(world, "c", 5);
    CHECK(world.run_until([&] { return are_equal(world); }));
  }
}

TEST_CASE("all servers crash, and come back with what is on their disks") {
  for (const auto engine : both_engines) {
    INFO(to_string(engine));
    cluster world{of(engine, 900)};
    world.add_client("c", "s1");
    for (int round = 0; round < 3; ++round) {
      write_and_wait(world, "c", 20);
      for (const auto& id : world.ids())
        world.crash(id);
      for (const auto& id : world.ids())
        world.restart(id);
    }
    write_and_wait(world, "c", 1); // the cluster looks whether something is lost, or done twice
    CHECK(world.run_until([&] { return are_equal(world); }));
    CHECK(world.answered() == 61);
    for (const auto& op : world.answered_of("c"))
      CHECK(world.has_performed("s3", op));
  }
}
