// What a driver relies on: every role is a part, messages find their handlers, and a leader's
// children are named, started and answered for alike.
#include "consensus/pmmc/acceptor.hpp"
#include "consensus/pmmc/leader.hpp"
#include "consensus/pmmc/replica.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

const ballot_num mine{2, "l1"};

static_assert(part<acceptor> && part<leader> && part<scout> && part<commander> && part<replica> &&
              part<sub_role>);
static_assert(member_part<acceptor> && member_part<leader> && member_part<replica>);
static_assert(has_children<leader> && !has_children<acceptor> && !has_children<replica>);
static_assert(takes_with_sender<replica, request> && !takes<leader, request>);

sub_role start_scout() { return sub_role{"l1", scout_task{share(make_config()), mine, 3, 0}, 2}; }
sub_role start_commander() {
  return sub_role{"l1", commander_task{share(make_config()), {mine, 7, command{"A"}}}, 2};
}

} // namespace

TEST_CASE("part: a message finds its handler, or the part takes no such messages") {
  acceptor a{{.id = "a1"}, {}};
  message asked = p1a{"l1", 1, mine, 1};
  CHECK(deliver(a, {}, asked));
  CHECK(only<p1b>(a.take().send, "l1").size() == 1);
  message foreign = p1b{"a2", 1, mine, mine, 1, 0, 1, {}};
  CHECK_FALSE(deliver(a, {}, foreign));
  CHECK(a.take().empty());
}

TEST_CASE("part: outputs are empty when nothing at all is to be done") {
  leader_outputs out;
  CHECK(out.empty());
  out.stop_all = true;
  CHECK_FALSE(out.empty());
  out = {};
  out.stop.push_back({sub_role_kind::commander, 7});
  CHECK_FALSE(out.empty());
}

TEST_CASE("sub_role: the answer of an acceptor is for the child with the task's id") {
  const sub_role_task tasks[] = {scout_task{share(make_config()), mine, 3, 0},
                                 commander_task{share(make_config()), {mine, 7, command{"A"}}}};
  CHECK(id_of(tasks[0]) == sub_roles::addressee(p1b{"a1", 1, mine, mine, 3, 0, 1, {}}));
  CHECK(id_of(tasks[1]) == sub_roles::addressee(p2b{"a1", 1, mine, mine, 7, 1}));
  CHECK(id_of(tasks[0]) == start_scout().id());
  CHECK(id_of(tasks[1]) == start_commander().id());
  CHECK(to_string(id_of(tasks[0])) == "the scout of version 1");
  CHECK(to_string(id_of(tasks[1])) == "the commander of slot 7");
}

TEST_CASE(
    "sub_role: asks at its start and again on ticks, and what is not for it changes nothing") {
  auto scouting = start_scout();
  CHECK(only<p1a>(scouting.take().send).size() == 3);
  scouting.on(p2b{"a1", 1, mine, {3, "l2"}, 7, 1});
  CHECK_FALSE(scouting.report());
  auto commanding = start_commander();
  CHECK(only<p2a>(commanding.take().send).size() == 3);
  commanding.on(p1b{"a1", 1, mine, {3, "l2"}, 3, 0, 1, {}});
  CHECK_FALSE(commanding.report());
  for (int i = 0; i < 2; ++i) {
    scouting.on_tick();
    commanding.on_tick();
  }
  CHECK(only<p1a>(scouting.take().send).size() == 3);
  CHECK(only<p2a>(commanding.take().send).size() == 3);
}

TEST_CASE("sub_role: the report says who it is from, at which ballot, and what came of it") {
  auto scouting = start_scout();
  for (const auto* acceptor : {"a1", "a2"})
    scouting.on(p1b{acceptor, 1, mine, mine, 3, 0, 1, {}});
  const auto scouted = scouting.report();
  REQUIRE(scouted);
  CHECK(scouted->from == sub_role_id{sub_role_kind::scout, 1});
  CHECK(scouted->ballot == mine);
  CHECK(std::holds_alternative<adopted>(std::get<scout_outcome>(scouted->outcome)));

  auto commanding = start_commander();
  commanding.on(p2b{"a1", 1, mine, {3, "l2"}, 7, 1});
  const auto commanded = commanding.report();
  REQUIRE(commanded);
  CHECK(commanded->from == sub_role_id{sub_role_kind::commander, 7});
  CHECK(commanded->ballot == mine);
  CHECK(std::holds_alternative<preempted>(std::get<commander_outcome>(commanded->outcome)));
}
