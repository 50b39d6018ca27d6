// Whole servers: which slot a command goes to, once, holes, catching up (Paxos Made Simple, section
// 3). `cluster` demands at each step what checker.hpp promises.
#include "simple/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

template <class M>
bool is(const cluster::in_flight& m) {
  return std::holds_alternative<M>(m.body);
}

cluster::predicate to(std::size_t server) {
  return [server](const auto& m) { return m.to == server; };
}

std::size_t number_of(cluster& c, const cluster::predicate& which) {
  return static_cast<std::size_t>(std::count_if(c.network().begin(), c.network().end(), which));
}

bool settles(cluster& c, unsigned ticks = 2'000) {
  return c.run_until([&] { return c.is_quiet(); }, ticks);
}

using log_of = std::vector<std::string>;

} // namespace

TEST_CASE("3: a command is chosen in two round trips, and all servers learn it") {
  cluster c{{}};
  c.propose(0, "A");
  CHECK(number_of(c, is<prepare>) == 2); // its own acceptor has answered
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  CHECK(number_of(c, is<accept>) == 2);
  c.deliver_all(is<accept>);
  c.deliver_all(is<accepted>);
  CHECK(c.seen().log_end(0) == 2);
  c.deliver_all();
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(c.seen().log_end(i) == 2);
  CHECK(c.log() == log_of{"A"});
}

TEST_CASE("3: one server alone chooses at once, all that waits") {
  cluster c{{.servers = 1}};
  for (const char* text : {"A", "B", "C", "D", "E", "F"})
    c.propose(0, text);
  CHECK(c.log() == log_of{"A", "B", "C", "D", "E", "F"});
  CHECK(c.is_quiet());
}

TEST_CASE("3: nothing carries over to the next slot: it begins with phase 1, at the least number") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all();
  c.propose(0, "B");
  REQUIRE(number_of(c, is<prepare>) == 2);
  const auto& asked = std::get<prepare>(c.network().at(0).body);
  CHECK(asked.slot == 2);
  CHECK(asked.number == proposal_number{0});
}

TEST_CASE("3: a preempted proposer's command goes to the next slot, exactly once") {
  cluster c{{}};
  c.is_lazy = true; // both propose for slot 1 before they hear of each other
  c.propose(0, "A");
  c.propose(1, "B");
  c.is_lazy = false;
  c.flush(0);
  c.flush(1);
  CHECK(c.at(1).own_proposals().contains(1));
  REQUIRE(settles(c));
  auto log = c.log();
  CHECK(log.size() == 2);
  std::sort(log.begin(), log.end());
  CHECK(log == log_of{"A", "B"});
}

TEST_CASE("3: its command was accepted by a minority, then another value was chosen: once") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all(to(1));
  c.lose_all(to(2));
  c.deliver_all(is<promise>);
  c.lose_all(is<accept>); // it accepts "A" by itself
  c.cut(0, 1);
  c.cut(0, 2);
  // s1 does not know that slot 1 has a proposal with a value: it has promised there.
  for (int i = 0; i < 100; ++i) {
    c.tick(1);
    c.tick(2);
    c.deliver_all();
  }
  CHECK(c.log() == log_of{""}); // filled
  c.heal();
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"", "A"});
}

TEST_CASE("3: while it does not know whether its command was chosen, it stays with the slot") {
  cluster c{{}};
  c.propose(0, "A");
  c.deliver_all(is<prepare>);
  c.deliver_all(is<promise>);
  c.deliver_all(is<accept>);
  c.lose_all(is<accepted>); // it is chosen, and nobody knows
  CHECK(c.log() == log_of{"A"});
  // Another server tries a higher number there, and s0 hears of that.
  c.at(0).on(reject{"s1", 1, {0}, {7}});
  for (int i = 0; i < 300; ++i) {
    c.tick(0);
    c.lose_all();
    CHECK(c.at(0).own_proposals().contains(1));
    CHECK(c.at(0).own_proposals().in_slots().size() == 1);
    CHECK(c.at(0).own_proposals().queued() == 0);
  }
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"A"});
}

TEST_CASE("once: a command that waits behind a slow slot is proposed in a slot of its own") {
  cluster::settings s;
  s.core.proposing.pipeline_slots = 2;
  cluster c{s};
  for (const char* text : {"A", "B", "C"})
    c.propose(0, text);
  CHECK(c.at(0).own_proposals().in_slots().size() == 2);
  CHECK(c.at(0).own_proposals().queued() == 1);
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"A", "B", "C"});
}

TEST_CASE("order: with one slot in flight the commands of a server keep their order") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    cluster::settings s;
    s.seed = seed;
    s.core.proposing.pipeline_slots = 1;
    cluster c{s};
    for (const char* n : {"1", "2", "3", "4"})
      for (std::size_t i = 0; i < 3; ++i)
        c.propose(i, id_of(i).str() + "." + n);
    REQUIRE(settles(c));
    for (std::size_t i = 0; i < 3; ++i) {
      std::string order;
      for (const auto& text : c.log())
        if (text.starts_with(id_of(i).view()))
          order += text.back();
      CHECK(order == "1234");
    }
  }
}

TEST_CASE("bounds: what does not fit into the queue is refused, and changes nothing") {
  cluster::settings s;
  s.core.proposing = {.pipeline_slots = 1, .max_queued = 2, .max_queued_bytes = 10};
  cluster c{s};
  CHECK(c.propose(0, "in flight"));
  CHECK(c.propose(0, "123456"));
  CHECK_FALSE(c.propose(0, "12345"));
  CHECK(c.propose(0, "1234"));
  CHECK_FALSE(c.propose(0, "1"));
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"in flight", "123456", "1234"});
}

TEST_CASE("bounds: nothing is proposed WINDOW slots beyond the first unknown one") {
  cluster::settings s;
  s.core.window = 3;
  s.core.proposing.pipeline_slots = 10;
  cluster c{s};
  for (int i = 0; i < 6; ++i)
    c.propose(0, std::string(1, static_cast<char>('A' + i)));
  CHECK(c.at(0).own_proposals().in_slots().size() == 3);
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"A", "B", "C", "D", "E", "F"});
}

TEST_CASE("3: holes are filled with no-ops, when nothing has come for a while") {
  cluster::settings s;
  s.core.stalled_ticks = 10;
  cluster c{s};
  c.propose(0, "A");
  c.lose_all();
  c.crash(0); // it alone has promised anything in slot 1
  c.propose(1, "B");
  c.deliver_all();
  CHECK(c.log() == log_of{"B"}); // nobody else knew of it
  c.propose(1, "C");
  c.propose(1, "D");
  c.lose_all([](const auto& m) {
    const auto* asked = std::get_if<prepare>(&m.body);
    return asked != nullptr && asked->slot == 2;
  });
  c.deliver_all(); // "D" is chosen in slot 3, nothing in slot 2
  c.crash(1);
  c.restart(0);
  CHECK(c.seen().chosen().contains(3));
  CHECK_FALSE(c.seen().chosen().contains(2));
  REQUIRE(settles(c));
  CHECK(c.log() == log_of{"B", "", "D"});
  CHECK(c.seen().log_end(2) == 4);
}

TEST_CASE("3: a hole is not filled at once, since its proposer may be slow only") {
  cluster::settings s;
  s.core.stalled_ticks = 10;
  cluster c{s};
  c.propose(0, "A");
  c.propose(0, "B");
  const auto of_slot_1 = [](const cluster::in_flight& m) {
    const auto* asked = std::get_if<prepare>(&m.body);
    return asked != nullptr && asked->slot == 1;
  };
  c.deliver_all([&](const auto& m) { return !of_slot_1(m); });
  for (int i = 0; i < 9; ++i) {
    c.tick(2);
    c.deliver_all([&](const auto& m) { return !of_slot_1(m); });
  }
  CHECK_FALSE(c.at(2).own_proposals().contains(1));
  c.deliver_all();
  CHECK(c.log() == log_of{"A", "B"});
}

TEST_CASE("2.3: a server that was away asks those who know more, page after page") {
  cluster::settings s;
  s.core.page_bytes = 40;
  s.core.window = 4;
  cluster c{s};
  c.cut(0, 2);
  c.cut(1, 2);
  for (int i = 0; i < 20; ++i) {
    c.propose(0, "c" + std::to_string(i));
    c.deliver_all();
  }
  c.heal();
  REQUIRE(c.run_until(
      [&] { return c.at(0).own_proposals().in_slots().empty() && c.seen().log_end(2) == 21; },
      100));
  CHECK(c.log().size() == 20); // it has proposed nothing new
}

TEST_CASE("server: numbers that are not the proposer's are ignored") {
  cluster c{{}};
  c.at(0).on(prepare{"s1", 1, {0}}); // s0's own
  c.at(0).on(accept{"s1", 1, {{0}, command{"A"}}});
  c.at(0).on(prepare{"stranger", 1, {1}});
  c.at(0).on(prepare{"s1", 1, {(numbering::largest / 3 + 9) * 3 + 1}});
  CHECK(c.at(0).take().empty());
}
