// Done and Min: what all servers have in durable snapshots is forgotten; who asks for it is told to
// fetch a snapshot.
#include "simple/cluster.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

template <class M>
bool is(const cluster::in_flight& m) {
  return std::holds_alternative<M>(m.body);
}

void choose(cluster& c, int commands, const std::string& name = "c") {
  for (int i = 0; i < commands; ++i) {
    c.propose(0, name + std::to_string(i));
    c.deliver_all();
  }
}

void run(cluster& c, unsigned ticks) {
  c.run_until([] { return false; }, ticks);
}

/// s0 and s1 have chosen 10 commands, and keep them in their snapshots only. s2 has heard nothing.
void leave_s2_behind(cluster& c) {
  c.cut(0, 2);
  c.cut(1, 2);
  choose(c, 10);
  for (std::size_t i = 0; i < 2; ++i) {
    c.save(i, 11);
    c.crash(i);
    c.restart(i);
  }
  c.heal();
  c.lose_all();
}

using log_of = std::vector<std::string>;

} // namespace

TEST_CASE("Done/Min: below the least `done` of all servers everything is forgotten") {
  cluster c{{}};
  choose(c, 10);
  c.save(0, 8);
  c.save(1, 11);
  run(c, 30);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(c.seen().disk(i).votes.size() == 10); // s2 has said that it needs all
  c.save(2, 6);
  run(c, 30);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(c.seen().disk(i).min == 6);
    CHECK(c.seen().disk(i).votes.size() == 5);
    CHECK(c.seen().disk(i).votes.begin()->first == 6);
  }
}

TEST_CASE("Done/Min: a server that is down holds it up") {
  cluster c{{}};
  choose(c, 10);
  c.crash(2);
  c.save(0, 11);
  c.save(1, 11);
  run(c, 30);
  CHECK(c.seen().disk(0).votes.size() == 10);
  c.restart(2);
  REQUIRE(c.run_until([&] { return c.is_quiet(); }));
  c.save(2, 11);
  run(c, 30);
  CHECK(c.seen().disk(0).votes.empty());
  CHECK(c.at(0).own_acceptor().end() == 11);
}

TEST_CASE("Done/Min: no more is announced than is known") {
  cluster c{{}};
  choose(c, 2);
  CHECK_THROWS_AS(c.save(0, 4), broken);
}

TEST_CASE("Done/Min: after it the log goes on, also for a server that comes back") {
  cluster c{{}};
  choose(c, 10);
  for (std::size_t i = 0; i < 3; ++i)
    c.save(i, 9);
  run(c, 30);
  CHECK(c.seen().disk(1).min == 9);
  c.crash(1);
  c.restart(1);
  c.propose(1, "B");
  REQUIRE(c.run_until([&] { return c.is_quiet(); }));
  CHECK(c.seen().log_end(1) == 12);
  CHECK(c.log().back() == "B");
}

TEST_CASE("snapshots: who asks for what is in snapshots only is told to fetch one") {
  cluster c{{}};
  leave_s2_behind(c);
  c.at(0).on(learn_request{"s2", 3});
  const auto told = only<collected>(c.at(0).take().send, "s2");
  REQUIRE(told.size() == 1);
  CHECK(told[0].snapshot_slot == 11);
  c.at(2).on(told[0]);
  const auto wish = c.at(2).take().fetch;
  REQUIRE(wish);
  CHECK(wish->server == role_id{"s0"});
  CHECK(wish->slot == 11);
  c.at(2).on(collected{"s0", 3, 1}); // not of use
  CHECK_FALSE(c.at(2).take().fetch);
}

TEST_CASE("snapshots: a server that lags fetches one, and goes on behind it") {
  cluster c{{}};
  leave_s2_behind(c);
  REQUIRE(c.run_until([&] { return c.seen().log_end(2) == 11; }));
  CHECK(c.seen().snapshot_of(2) == 11);
  c.propose(2, "from s2");
  REQUIRE(c.run_until([&] { return c.is_quiet(); }));
  CHECK(c.log().size() == 11);
  CHECK(c.log().back() == "from s2");
  CHECK(c.at(2).done_slot() == 11);
}

TEST_CASE("snapshots: what became of a command below one is the state's to tell: it was chosen") {
  cluster c{{}};
  c.propose(2, "X");
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  c.deliver_all(is<accept>);
  c.lose_all(); // chosen in slot 1, and s2 does not know
  c.cut(0, 2);
  c.cut(1, 2);
  REQUIRE(c.run_until([&] { return c.seen().log_end(0) == 2; }));
  c.save(0, 2);
  CHECK(c.at(2).own_proposals().contains(1));
  c.at(2).on(collected{"s0", 1, 2});
  c.flush(2);
  REQUIRE(c.has_wish(2));
  c.fetch(2);
  CHECK(c.at(2).own_proposals().in_slots().empty());
  CHECK(c.at(2).own_proposals().queued() == 0);
  CHECK(c.awaited().empty());
  c.heal();
  REQUIRE(c.run_until([&] { return c.is_quiet(); }));
  CHECK(c.log() == log_of{"X"});
}

TEST_CASE("snapshots: … or it was not, and is proposed by the service again") {
  cluster c{{}};
  c.cut(0, 2);
  c.cut(1, 2);
  c.propose(2, "X"); // for slot 1
  choose(c, 3);
  c.save(0, 4);
  c.at(2).on(collected{"s0", 1, 4});
  c.flush(2);
  c.fetch(2);
  CHECK(c.awaited().contains("X"));
  c.heal();
  REQUIRE(c.run_until([&] { return c.is_quiet(); }));
  CHECK(c.log() == log_of{"c0", "c1", "c2", "X"});
}

TEST_CASE("snapshots: a server whose own acceptor has forgotten what its snapshot lacks") {
  server_core s{{.servers = server_ids(3), .id = "s0", .seed = 1}, acceptor_state{{}, 5}, 2};
  CHECK(s.propose(command{"A"}));
  for (int i = 0; i < 200; ++i)
    s.on_tick(); // it does not propose where all is chosen
  const auto out = s.take();
  REQUIRE_FALSE(only<prepare>(out.send).empty());
  for (const auto& asked : only<prepare>(out.send))
    CHECK(asked.slot == 5);
  CHECK_FALSE(out.fetch);
  s.on(collected{"s1", 2, 5});
  CHECK(s.take().fetch->slot == 5);
  s.installed(5);
  CHECK(s.slot_out() == 5);
  CHECK(s.own_proposals().contains(5));
}
