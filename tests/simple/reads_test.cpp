// Linearizable reads without a slot. The cluster demands of each answer that it reflects all that
// was chosen before its barrier was asked for.
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

/// "A" is chosen, and only s0 knows.
void choose_unheard(cluster& c) {
  c.propose(0, "A");
  c.deliver_all([](const auto& m) { return !is<chosen>(m); });
  c.lose_all();
  REQUIRE(c.seen().is_chosen(command{"A"}));
}

} // namespace

TEST_CASE("reads: an empty log is read in one round trip, from a majority") {
  cluster c{{}};
  c.barrier(1);
  CHECK(c.barriers_answered() == 0);
  c.deliver_all();
  CHECK(c.barriers_answered() == 1);
  CHECK(c.seen().chosen().empty());
}

TEST_CASE("reads: one server alone answers at once") {
  cluster c{{.servers = 1}};
  c.propose(0, "A");
  c.barrier(0);
  CHECK(c.barriers_answered() == 1);
}

TEST_CASE("reads: a minority cannot answer") {
  cluster c{{}};
  c.cut(0, 1);
  c.cut(1, 2);
  c.barrier(1);
  CHECK_FALSE(c.run_until([&] { return c.barriers_answered() > 0; }, 200));
  c.heal();
  CHECK(c.run_until([&] { return c.barriers_answered() > 0; }, 100)); // it has asked again
}

TEST_CASE("reads: wait for what was chosen before, whoever knows it") {
  cluster c{{}};
  choose_unheard(c);
  c.barrier(2);
  c.deliver_all();
  CHECK(c.barriers_answered() == 0); // s2 does not know slot 1
  CHECK(c.run_until([&] { return c.barriers_answered() > 0; }));
  CHECK(c.seen().log_end(2) == 2);
}

TEST_CASE("reads: a slot that was accepted by some only is finished, whatever comes out") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  c.lose_all(); // only s0 has accepted it
  c.barrier(0);
  CHECK(c.run_until([&] { return c.barriers_answered() > 0; }));
  CHECK(c.seen().log_end(0) == 2);
}

TEST_CASE("reads: a barrier that comes while a round is under way waits for the next one") {
  cluster c{{}};
  c.barrier(2);
  c.deliver_all(is<read_probe>); // all have said that there is nothing
  const auto late = c.network();
  c.lose_all();
  choose_unheard(c);
  c.barrier(2);
  c.network() = late;
  c.deliver_all(is<read_probe_reply>);
  CHECK(c.barriers_answered() == 1); // the cluster would see a read that misses "A"
  CHECK(c.run_until([&] { return c.barriers_answered() == 2; }));
}

TEST_CASE("reads: barriers that wait share a round") {
  cluster c{{}};
  c.barrier(0);
  for (int i = 0; i < 10; ++i)
    c.barrier(0);
  std::size_t probes = 0;
  while (!c.network().empty()) {
    probes += is<read_probe>(c.network().front()) ? 1 : 0;
    c.deliver(0);
  }
  CHECK(probes == 4); // two rounds
  CHECK(c.barriers_answered() == 11);
}

TEST_CASE("reads: answers to a round of an earlier life count for nothing") {
  cluster c{{}};
  c.barrier(2);
  c.deliver_all(is<read_probe>);
  auto late = c.network();
  c.lose_all();
  c.crash(2);
  choose_unheard(c);
  c.restart(2);
  c.barrier(2);
  c.lose_all();
  c.network() = late;
  c.deliver_all(); // the cluster would see a read that misses "A"
  CHECK(c.barriers_answered() == 0);
  CHECK(c.run_until([&] { return c.barriers_answered() == 1; }));
}

TEST_CASE("reads: repeated answers of one acceptor are no majority") {
  cluster c{{.servers = 5}};
  c.barrier(0);
  c.deliver(0);
  CHECK(is<read_probe_reply>(c.network().back()));
  c.repeat(c.network().size() - 1);
  c.deliver_all(is<read_probe_reply>);
  CHECK(c.barriers_answered() == 0);
}

TEST_CASE("bounds: a barrier that finds no room is refused, and changes nothing") {
  cluster::settings s;
  s.core.reading.max_waiting = 2;
  cluster c{s};
  CHECK(c.barrier(0));
  CHECK(c.barrier(0));
  CHECK_FALSE(c.barrier(0));
  c.deliver_all();
  CHECK(c.barriers_answered() == 2);
  CHECK(c.barrier(0));
}
