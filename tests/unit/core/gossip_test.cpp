// What pings and pongs tell, alone.
#include "core_helpers.hpp"
#include "service/gossip.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

replica_vitals at(slot_num slot_out, slot_num snapshot_slot = 1) {
  replica_vitals v;
  v.slot_out = slot_out;
  v.snapshot_slot = snapshot_slot;
  return v;
}

using ids = std::vector<role_id>;

} // namespace

TEST_CASE("gossip: who is silent for too long, or was never heard, counts as gone") {
  gossip g{"r1", 10};
  g.hear("r2", at(5), false, 20);
  CHECK(g.is_heard("r2", 30));
  CHECK(!g.is_heard("r2", 31));
  CHECK(!g.is_heard("r3", 20));
  CHECK(g.is_heard("r1", 1'000)); // itself
  g.hear("r2", at(6), true, 40);
  CHECK(g.is_heard("r2", 50));
  CHECK(g.find("r2")->slot_out == 6);
  CHECK(g.is_far_behind("r2"));
  CHECK(!g.is_far_behind("r3"));
  g.forget("r2");
  CHECK(!g.is_heard("r2", 40));
  CHECK(!g.find("r2"));
}

TEST_CASE("gossip: slots are known of replicas that fell silent, but these are not asked") {
  gossip g{"r1", 10};
  CHECK(g.highest_slot_end() == 0);
  g.hear("r2", at(9), false, 1);
  g.hear("r3", at(7), false, 20);
  g.hear("r1", at(50), false, 20); // nobody asks oneself
  CHECK(g.who_performed(6, 20) == ids{"r3"});
  CHECK(g.who_performed(7, 20).empty());
  CHECK(g.who_performed(6, 11) == ids{"r2", "r3"});
  g.forget("r1");
  CHECK(g.highest_slot_end() == 9);
}

TEST_CASE("gossip: of other roles it knows which slots are in use, and takes none for performed") {
  gossip g{"r1", 10};
  g.hear("a1", acceptor_vitals{.accepted_end = 7}, false, 20);
  CHECK(g.highest_slot_end() == 7);
  g.hear("l1", leader_vitals{.decided_end = 9}, false, 20);
  CHECK(g.highest_slot_end() == 9);
  CHECK(g.is_heard("a1", 20));
  CHECK(g.who_performed(1, 20).empty());
  CHECK(!g.find("l1"));
}

TEST_CASE("gossip: what is kept for others is kept for those that are heard") {
  gossip g{"r1", 10};
  g.hear("r2", at(3), false, 1);
  g.hear("r3", at(7), false, 20);
  g.hear("r4", at(2), false, 20);
  CHECK(g.least_slot_out({"r2", "r3"}, 9, 20) == 7);
  CHECK(g.least_slot_out({"r2", "r3"}, 9, 11) == 3);
  CHECK(g.least_slot_out({"r3"}, 5, 20) == 5);
}

TEST_CASE("gossip: G1, durable is what f + 1 replicas have in snapshots, heard lately or not") {
  gossip g{"r1", 10};
  const auto config = make_config(5); // f + 1 = 3
  CHECK(g.durable_slot(config, 9) == 0);
  g.hear("r2", at(20, 6), false, 1);
  CHECK(g.durable_slot(config, 9) == 0);
  g.hear("r3", at(20, 4), false, 1);
  CHECK(g.durable_slot(config, 9) == 4);
  CHECK(g.durable_slot(config, 3) == 3);
  g.hear("r4", at(20, 8), false, 1);
  CHECK(g.durable_slot(config, 9) == 6);
  g.hear("r9", at(20, 30), false, 1); // no replica of this configuration
  CHECK(g.durable_slot(config, 9) == 6);
}

TEST_CASE("gossip: pings are numbered") {
  gossip g{"r1", 10};
  CHECK(g.next_ping() == 1);
  CHECK(g.next_ping() == 2);
}

TEST_CASE("gossip: of those who are ahead, replicas of any configuration that is known are asked") {
  gossip g{"r1", 10};
  config_history known{make_config(2)};
  auto next = make_config(2);
  next.version = 2;
  next.first_slot = 10;
  next.replicas[1].id = "r4";
  known.add(next);
  for (const auto* id : {"r2", "r4", "r9"})
    g.hear(id, at(9), false, 20);
  CHECK(g.replicas_ahead(5, known, 20) == ids{"r2", "r4"});
  CHECK(g.replicas_ahead(9, known, 20).empty());
}

TEST_CASE("gossip: servers decide, and hold the state") {
  gossip g{"s1", 10};
  const auto config = make_servers(); // f + 1 = 2
  const auto told = [](slot_num slot_in, slot_num slot_out, slot_num snapshot_slot) {
    server_vitals v;
    v.slot_in = slot_in;
    v.slot_out = slot_out;
    v.snapshot_slot = snapshot_slot;
    return v;
  };
  CHECK(g.durable_slot(config, 9) == 0);
  CHECK(g.quorum_text(config, 20) == "no quorum: 1 of 3 servers are heard (needed: 2), not s2 at "
                                     "host2:1 s3 at host3:1");
  g.hear("s2", told(12, 8, 6), false, 20);
  g.hear("s9", told(30, 3, 3), false, 20);
  CHECK(g.durable_slot(config, 9) == 6);
  CHECK(g.highest_slot_end() == 30);
  CHECK(g.find("s2")->slot_out == 8);
  CHECK(g.who_performed(7, 20) == ids{"s2"});
  CHECK(g.replicas_ahead(2, config_history{config}, 20) == ids{"s2"}); // s9 is no member
  CHECK(g.least_slot_out({"s2", "s9"}, 9, 20) == 3);
}

TEST_CASE("gossip: people are told which acceptors are missing") {
  gossip g{"r1", 10};
  const auto config = make_config();
  g.hear("a1", acceptor_vitals{}, false, 20);
  CHECK(g.quorum_text(config, 20) == "no quorum: 1 of 3 acceptors are heard (needed: 2), not a2 at "
                                     "host2:1 a3 at host3:1");
  g.hear("a2", acceptor_vitals{}, false, 20);
  g.hear("a3", acceptor_vitals{}, false, 20);
  CHECK(g.quorum_text(config, 20) ==
        "nothing is decided at present: 3 of 3 acceptors are heard (needed: 2)");
  auto next = config;
  next.version = 2;
  next.acceptors = {{"a1", "host1:1"}, {"a4", "host4:1"}, {"a5", "host5:1"}};
  CHECK(g.quorum_text(config, 20, {&config, &next}) ==
        "no quorum: 3 of 3 acceptors are heard (needed: 2); of configuration 2, 1 of 3 acceptors "
        "are heard (needed: 2), not a4 at host4:1 a5 at host5:1");
  g.hear("a4", acceptor_vitals{}, false, 20);
  CHECK(g.quorum_text(config, 20, {&config, &next}) ==
        "nothing is decided at present: 3 of 3 acceptors are heard (needed: 2)");
}
