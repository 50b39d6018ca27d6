// Slots below those that phase 1 began with: who needs them, and that they hold up nothing.
#include "consensus/pmmc/acceptor.hpp"
#include "membership/reconfiguration.hpp"
#include "unit/core/leader_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

pvalue voted(slot_num slot, const char* value) { return {{0, "l2"}, slot, command{value}}; }

/// Version 2 begins at slot 20, with a4 in the place of a3.
config_history two_versions() {
  config_history history{make_config()};
  const reconfiguration r{
      1, {{role_kind::acceptor, "a3"}}, {{role_kind::acceptor, {"a4", "host9:1", "disk"}}}};
  REQUIRE(reconfigure(r, 10, 10, history).status == reconfiguration_status::accepted);
  return history;
}

/// And version 3 at `first_slot`, with a5 in the place of a2.
config_history three_versions(slot_num first_slot) {
  auto history = two_versions();
  const reconfiguration r{
      2, {{role_kind::acceptor, "a2"}}, {{role_kind::acceptor, {"a5", "host8:1", "disk"}}}};
  REQUIRE(reconfigure(r, first_slot - 10, 10, history).status == reconfiguration_status::accepted);
  return history;
}

leader::settings windows_of(std::uint64_t slots) {
  leader::settings settings;
  settings.window = slots;
  settings.near_slots = 10;
  return settings;
}

/// Elected for slots from 40 on; of version 1 it has asked nobody anything.
void elect_behind_boundary(leader_bench& b) {
  b.role.learn(two_versions());
  b.hear_replica("r1", 40);
  const auto scouts = b.until_scouting();
  REQUIRE(scouts.size() == 1);
  b.role.on(scout_outcome{adopted{2, scouts[0].ballot, 40, 0, 1, {}}});
  b.role.take();
  REQUIRE(b.role.is_active());
}

} // namespace

TEST_CASE("leader: phase 1 begins where well-advanced replicas stand, and waits for none that "
          "lags") {
  leader_bench b{0, windows_of(4)};
  b.hear_replica("r1", 1'000);
  b.hear_replica("r2", 5);
  b.hear_replica("r3", 991);
  CHECK(b.until_scouting().at(0).from_slot == 991);
}

TEST_CASE("leader: what a replica performed is decided, though it is not heard any more") {
  leader_bench b{0, windows_of(4)};
  b.hear_replica("r1", 1'000);
  for (int i = 0; i < 300; ++i) {
    b.hear_leader("l2", {1, "l2"}, true);
    b.hear_replica("r2", 5);
    b.tick();
  }
  CHECK(b.until_scouting().at(0).from_slot == 1'000);
}

TEST_CASE("leader: a recovery scouts the slot's configuration, whether it is live or not, and ends "
          "with it") {
  leader_bench b;
  elect_behind_boundary(b);
  const auto scouts = scouts_in(b.propose(18, "mine"));
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].config->version == 1);
  CHECK(scouts[0].from_slot == 18);
  CHECK(scouts[0].to_slot == 20);
  b.role.on(propose{"r1", 2, 20, command{"behind"}}); // the same replica goes on
  CHECK(scouts_in(b.role.take()).empty());
  b.role.on(scout_outcome{adopted{1, scouts[0].ballot, 18, 20, 1, {{18, voted(18, "chosen")}}}});
  const auto out = b.role.take();
  REQUIRE(commanders_in(out).size() == 1); // C2: of slot 20 it knows nothing yet
  CHECK(commanders_in(out)[0].value.value == command{"chosen"});
  CHECK(commanders_in(out)[0].config->version == 1);
  REQUIRE(scouts_in(out).size() == 1); // and the next one follows by itself
  CHECK(scouts_in(out)[0].config->version == 2);
  CHECK(scouts_in(out)[0].from_slot == 20);
}

TEST_CASE("leader: what is asked for below a recovery that is under way comes after it") {
  leader_bench b;
  elect_behind_boundary(b);
  const auto scouts = scouts_in(b.propose(18, "x"));
  REQUIRE(scouts.size() == 1);
  CHECK(scouts_in(b.propose(5, "lower", "r2")).empty());
  b.role.on(scout_outcome{adopted{1, scouts[0].ballot, 18, 20, 1, {{18, voted(18, "chosen")}}}});
  const auto next = scouts_in(b.role.take());
  REQUIRE(next.size() == 1);
  CHECK(next[0].from_slot == 5);
}

TEST_CASE("leader: in office, a replica from behind does not bring old configurations back") {
  leader_bench b;
  elect_behind_boundary(b);
  b.hear_replica("r3", 15);
  b.tick(50);
  b.role.learn(three_versions(50));
  const auto scouts = scouts_in(b.role.take());
  REQUIRE(scouts.size() == 1); // version 1 is over, and its acceptors may be switched off
  CHECK(scouts[0].config->version == 3);
}

TEST_CASE("leader: what waited for a configuration that is over is looked for, and not forgotten") {
  leader_bench b{0, windows_of(10)};
  b.elect();
  b.role.learn(three_versions(30));
  REQUIRE(scouts_in(b.role.take()).size() == 2);
  b.role.on(propose{"r2", 2, 25, command{"mine"}}); // until version 2 is scouted
  CHECK(scouts_in(b.role.take()).empty());
  b.hear_replica("r1", 60);
  CHECK(scouts_in(b.tick(50)).empty());
  b.role.on(propose{"r2", 2, 25, command{"mine"}}); // again
  const auto scouts = scouts_in(b.role.take());
  REQUIRE(scouts.size() == 1);
  CHECK(scouts[0].config->version == 2);
  CHECK(scouts[0].from_slot == 25);
  CHECK(scouts[0].to_slot == 30);
}

TEST_CASE("leader: recovered slots are WINDOW at the most, and new ones never wait for them") {
  leader_bench b{0, windows_of(4)};
  b.hear_replica("r1", 100);
  b.elect();
  const auto first = scouts_in(b.propose(1, "x"));
  REQUIRE(first.size() == 1);
  CHECK(first[0].to_slot == 5);
  std::map<slot_num, pvalue> found;
  for (slot_num slot = 1; slot < 5; ++slot)
    found[slot] = voted(slot, "old");
  b.role.on(scout_outcome{adopted{1, first[0].ballot, 1, 5, 1, found}});
  const auto recovered = commanders_in(b.role.take());
  REQUIRE(recovered.size() == 4);
  CHECK(scouts_in(b.propose(5, "x")).empty()); // enough is under way
  for (slot_num slot = 100; slot < 104; ++slot)
    CHECK(commanders_in(b.propose(slot, "new")).size() == 1);
  b.decide(recovered[0]);
  CHECK(scouts_in(b.role.take()).empty());
  b.decide(recovered[1]);
  const auto next = scouts_in(b.role.take());
  REQUIRE(next.size() == 1);
  CHECK(next[0].from_slot == 5);
  CHECK(next[0].to_slot == 7);
}

TEST_CASE("leader: an older configuration is live until all below its end is safe") {
  leader_bench b;
  b.role.learn(two_versions());
  CHECK(b.role.known_members().live_from == 1);
  b.hear_replica("r1", 25, 19);
  CHECK(b.role.known_members().live_from == 1);
  b.hear_replica("r1", 25, 20);
  CHECK(b.role.known_members().live_from == 2);
}

TEST_CASE("acceptor: an answer ends where the scout said, and tells that there is more") {
  acceptor a{{"a1"}, {}};
  const ballot_num b{1, "l1"};
  for (slot_num slot = 1; slot <= 9; ++slot)
    a.on(p2a{"l1", 1, {b, slot, command{"x"}}});
  a.take();
  a.on(p1a{"l1", 1, b, 3, 6});
  const auto told = only<p1b>(a.take().send, "l1");
  REQUIRE(told.size() == 1);
  CHECK(told[0].accepted.size() == 3);
  CHECK(told[0].next_slot == 6); // so that a scout which wants all asks on
  scout s{"l1", {std::make_shared<const configuration>(make_config()), b, 3, 6}};
  CHECK(only<p1a>(s.take().send, "a1").at(0).to_slot == 6);
}
