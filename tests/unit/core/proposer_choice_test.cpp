// Who assigns slots, alone.
#include "consensus/pmmc/proposer_choice.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct choice_bench {
  /// Replica `id` is heard, and sees `leader` active.
  void hear(role_id id, role_id leader, bool is_far_behind = false) {
    replica_vitals v;
    v.active_ballot = {1, leader};
    others.hear(id, v, is_far_behind, tick);
  }
  role_id chosen(bool is_far_behind = false) const {
    return choice.choose({configurations, 1, is_far_behind, tick}, others);
  }

  config_history configurations{make_config()};
  gossip others{"r1", 10};
  proposer_choice choice{"r1"};
  std::uint64_t tick = 5;
};

} // namespace

TEST_CASE("proposer: the replica in the active leader's process, if it sees the same leader") {
  choice_bench b;
  CHECK(b.chosen() == "r1"); // no leader is known
  CHECK(b.choice.set_active({1, "l2"}));
  CHECK(!b.choice.set_active({1, "l2"}));
  CHECK(b.chosen() == "r1"); // r2 has not been heard
  b.hear("r2", "l3");
  CHECK(b.chosen() == "r1");
  b.hear("r2", "l2");
  CHECK(b.chosen() == "r2");
  b.tick = 16;
  CHECK(b.chosen() == "r1"); // it is silent
}

TEST_CASE("proposer: where the leader has no neighbour, its place among the leaders picks") {
  choice_bench b;
  auto config = make_config();
  config.replicas[1].address = "host8:1";
  b.configurations = config_history{config};
  b.choice.set_active({1, "l2"});
  b.hear("r2", "l2");
  CHECK(b.chosen() == "r2");
  b.choice.set_active({2, "l9"}); // no member
  CHECK(b.chosen() == "r1");
}

TEST_CASE("proposer: one that is far behind is passed over, this one as well") {
  choice_bench b;
  b.choice.set_active({1, "l2"});
  b.hear("r2", "l2", true);
  b.hear("r3", "l2");
  CHECK(b.chosen() == "r3");
  b.choice.set_active({2, "l1"});
  b.hear("r2", "l1");
  CHECK(b.chosen(true) == "r2");
  CHECK(b.chosen() == "r1");
}

TEST_CASE("proposer: who is called upon proposes itself for a while") {
  choice_bench b;
  b.choice.set_active({1, "l2"});
  b.hear("r2", "l2");
  b.choice.call_upon(8);
  CHECK(b.chosen() == "r1");
  b.tick = 8;
  CHECK(b.chosen() == "r2");
}

TEST_CASE("proposer: a change is told once") {
  choice_bench b;
  CHECK(b.choice.update({b.configurations, 1, false, b.tick}, b.others));
  CHECK(b.choice.current() == "r1");
  CHECK(!b.choice.update({b.configurations, 1, false, b.tick}, b.others));
  b.choice.set_active({1, "l2"});
  b.hear("r2", "l2");
  CHECK(b.choice.update({b.configurations, 1, false, b.tick}, b.others));
  CHECK(b.choice.current() == "r2");
}
