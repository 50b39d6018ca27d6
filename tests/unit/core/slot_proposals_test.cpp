// A replica's proposals, alone.
#include "consensus/pmmc/slot_proposals.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct proposals_bench {
  proposal_route route(role_id active = {}) const {
    return {configurations, configurations.latest(), active};
  }
  void propose(slot_num slot, std::vector<request_key> keys = {}, std::uint64_t tick = 1) {
    proposals.propose(slot, {batch_of({operation(1, slot, "a")}), std::move(keys)}, route("l2"),
                      tick, sent);
  }
  /// Slots for which something was sent to `leader` since the last call.
  std::vector<slot_num> sent_to(const role_id& leader) {
    std::vector<slot_num> slots;
    for (const auto& m : only<propose_message>(sent, leader))
      slots.push_back(m.slot);
    sent.clear();
    return slots;
  }
  std::vector<slot_num> resent(std::uint64_t tick) {
    proposals.resend(route("l2"), decided, tick, sent);
    return sent_to("l2");
  }

  using propose_message = pmmc::propose;
  config_history configurations{make_config()};
  kept_decisions decided;
  slot_proposals proposals{{.id = "r1", .eager_slots = 1, .pipeline_slots = 3, .resend_ticks = 10}};
  std::vector<envelope> sent;
};

using slots = std::vector<slot_num>;

} // namespace

TEST_CASE("proposals: go to the active leader, and to all that may lead if none is known") {
  proposals_bench b;
  CHECK(b.route("l2").leaders_for(1) == std::set<role_id>{"l2"});
  CHECK(b.route().leaders_for(1) == std::set<role_id>{"l1", "l2", "l3"});
  CHECK(b.route("l9").leaders_for(1).size() == 3); // it may not lead
  auto latest = make_config(1);
  latest.leaders[0].id = "l9";
  const proposal_route known{b.configurations, latest, "l9"};
  CHECK(known.leaders_for(1) == std::set<role_id>{"l9"});
}

TEST_CASE("proposals: are sent again ever more seldom, up to ten times the first wait") {
  proposals_bench b;
  b.propose(4);
  CHECK(b.sent_to("l2") == slots{4});
  slots ticks;
  for (std::uint64_t tick = 1; tick < 400; ++tick)
    if (!b.resent(tick).empty())
      ticks.push_back(tick);
  CHECK(ticks == slots{11, 31, 71, 151, 251, 351});
  b.proposals.leader_changed(400);
  CHECK(b.resent(400) == slots{4});
  CHECK(b.resent(409).empty());
  CHECK(b.resent(410) == slots{4});
}

TEST_CASE("proposals: nothing is sent for a slot whose decision waits here") {
  proposals_bench b;
  b.propose(4);
  b.propose(5);
  b.sent.clear();
  b.decided.add(5, {});
  CHECK(b.resent(11) == slots{4});
}

TEST_CASE("proposals: some slots open at once, then one a tick, then none") {
  proposals_bench b;
  CHECK(b.proposals.may_open(5));
  b.propose(1);
  b.proposals.opened(5);
  CHECK(!b.proposals.may_open(5));
  CHECK(b.proposals.may_open(6));
  b.propose(2);
  b.propose(3);
  CHECK(!b.proposals.may_open(6));
  CHECK(b.proposals.settle(2));
  CHECK(b.proposals.may_open(6));
}

TEST_CASE("proposals: a slot that is decided gives back what was proposed in it") {
  proposals_bench b;
  b.propose(1, {{1, 1}, {1, 2}});
  b.propose(2, {{1, 3}});
  b.propose(3, {{1, 4}});
  CHECK(!b.proposals.settle(9));
  const auto mine = b.proposals.settle(2);
  REQUIRE(mine);
  CHECK(mine->requests == std::vector<request_key>{{1, 3}});
  CHECK(!b.proposals.contains(2));
  CHECK(b.proposals.settle_below(3) == std::set<request_key>{{1, 1}, {1, 2}});
  CHECK(b.proposals.size() == 1);
  CHECK(b.proposals.contains(3));
}
