// Servers that crash and come back with what they had persisted (Paxos Made Simple, section 2.5).
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

bool settles(cluster& c) {
  return c.run_until([&] { return c.is_quiet(); });
}

server_core server(std::size_t index, const acceptor_state& disk, std::uint64_t seed) {
  return server_core{{.servers = server_ids(3), .id = id_of(index), .seed = seed}, disk};
}

/// Proposes `text` in slot 1, and goes on to phase 2 with s2's promise. Returns what s1 is sent.
accept propose_to_s1(server_core& s, const char* text) {
  s.propose(command{text});
  const auto asked = only<prepare>(s.take().send, "s1").at(0);
  s.on(promise{"s2", 1, asked.number, {}});
  return only<accept>(s.take().send, "s1").at(0);
}

using log_of = std::vector<std::string>;

} // namespace

TEST_CASE("2.5, L3: the own acceptor's promise is among the records that go before the prepares") {
  auto s = server(0, {}, 1);
  s.propose(command{"A"});
  const auto out = s.take();
  REQUIRE(out.persist.size() == 1);
  const auto& own = std::get<promise_record>(out.persist[0]);
  CHECK(only<prepare>(out.send).size() == 2);
  for (const auto& asked : only<prepare>(out.send)) {
    CHECK(asked.slot == own.slot);
    CHECK(asked.number == own.number);
  }
}

TEST_CASE("2.5, L3: without that record, a restart would give one number to two values") {
  cluster c{{}}; // broken invariants throw
  auto before = server(0, {}, 1);
  acceptor s1{"s1", {}};
  s1.on(propose_to_s1(before, "A"));

  auto forgetful = server(0, {}, 2);
  CHECK_THROWS_WITH_AS(s1.on(propose_to_s1(forgetful, "B")), doctest::Contains("A4"), broken);
}

TEST_CASE("2.5, L3: with it, the restarted proposer takes a higher number in that slot") {
  auto before = server(0, {}, 1);
  before.propose(command{"A"});
  acceptor_state disk;
  for (const auto& r : before.take().persist)
    disk.apply(r); // and it crashes before, or while, it sends

  auto after = server(0, disk, 2);
  for (int i = 0; i < 100; ++i)
    after.on_tick(); // it finishes what it has begun
  const auto asked = only<prepare>(after.take().send, "s1");
  REQUIRE_FALSE(asked.empty());
  for (const auto& m : asked) {
    CHECK(m.slot == 1);
    CHECK(m.number > proposal_number{0});
  }
}

TEST_CASE("2.5: a promise that was durable, and never told, is kept") {
  cluster c{{}};
  c.propose(1, "B"); // at number 1
  for (std::size_t i = 0; i < c.network().size(); ++i)
    if (c.network()[i].to == 0) {
      c.deliver(i, crash_point::before_send);
      break;
    }
  CHECK_FALSE(c.is_up(0));
  c.restart(0);
  c.at(0).on(accept{"s0", 1, {{0}, command{"A"}}}); // from its earlier life
  const auto out = c.at(0).take();
  CHECK(out.persist.empty());
}

TEST_CASE("2.5: what was not durable was not said, and is forgotten") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  c.deliver(0, crash_point::before_persist);
  c.deliver(0, crash_point::before_persist);
  CHECK(c.up() == 1);
  CHECK(c.seen().chosen().empty());
  c.restart(1);
  c.restart(2);
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"A"});
}

TEST_CASE("2.5: a server that crashed forgets its commands; what may be chosen is finished") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  c.deliver(0); // s1 accepts
  c.propose(0, "lost");
  c.lose_all();
  c.crash(0);
  CHECK(c.log() == log_of{"A"}); // s0 and s1 have accepted it, and nobody knows
  c.restart(0);
  c.propose(0, "B");
  REQUIRE(settles(c));
  CHECK(c.log().at(0) == "A");
  CHECK(c.seen().is_chosen(command{"B"}));
  CHECK_FALSE(c.seen().is_chosen(command{"lost"}));
}

TEST_CASE("2.5: when all servers have crashed, all that was chosen is learnt again") {
  cluster c{{}};
  for (int i = 0; i < 30; ++i) {
    c.propose(static_cast<std::size_t>(i) % 3, "c" + std::to_string(i));
    c.deliver_all();
  }
  const auto before = c.log();
  for (std::size_t i = 0; i < 3; ++i)
    c.crash(i);
  for (std::size_t i = 0; i < 2; ++i)
    c.restart(i); // a majority is enough
  REQUIRE(settles(c));
  CHECK(c.log() == before);
  CHECK(c.seen().log_end(0) == 31);
  CHECK(c.seen().log_end(1) == 31);
}
