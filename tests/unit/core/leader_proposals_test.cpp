#include "unit/core/leader_bench.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::map<slot_num, pvalue> accepted(std::uint64_t seqnum, slot_num slot, const char* value) {
  return {{slot, pvalue{{seqnum, "l2"}, slot, command{value}}}};
}

/// Elected over slots from 20 on: the replicas have performed what lies below.
void elect_from_20(leader_bench& b) {
  b.hear_replica("r1", 20);
  b.hear_replica("r2", 20);
  b.elect();
  REQUIRE(b.role.covered_from() == 20);
}

} // namespace

TEST_CASE("leader: one commander per slot, whatever else is proposed for it") {
  leader_bench b;
  b.elect();
  const auto first = commanders_in(b.propose(1, "A", "r1"));
  REQUIRE(first.size() == 1);
  CHECK(first[0].value == pvalue{b.role.ballot(), 1, command{"A"}});
  CHECK(commanders_in(b.propose(1, "B", "r2")).empty());
}

TEST_CASE("leader: a proposal for a decided slot is answered with the decision") {
  leader_bench b;
  b.elect();
  b.decide(commanders_in(b.propose(1, "A")).at(0));
  const auto out = b.propose(1, "B", "r2");
  CHECK(commanders_in(out).empty());
  CHECK(only<decision>(out.send, "r2").at(0).value == command{"A"});
}

TEST_CASE("leader: what was proposed while it was passive is commanded when it is elected") {
  leader_bench b;
  CHECK(commanders_in(b.propose(1, "A")).empty());
  CHECK(commanders_in(b.propose(2, "B")).empty());
  const auto started = commanders_in(b.elect(accepted(0, 2, "other")));
  REQUIRE(started.size() == 2);
  CHECK(started[0].value.value == command{"A"});
  CHECK(started[1].value.value == command{"other"});
}

TEST_CASE("leader: proposals of another or unknown configuration are left to be sent again") {
  leader_bench b;
  b.elect();
  b.role.on(propose{"r1", 2, 1, command{"A"}});
  b.role.on(propose{"r1", 1, 0, command{"A"}});
  const auto out = b.role.take();
  CHECK(commanders_in(out).empty());
  CHECK(out.send.empty());
}

TEST_CASE(
    "leader: of what is proposed before the news comes, WINDOW slots, each one's last is kept") {
  leader::settings settings;
  settings.window = 2;
  leader_bench b{0, settings};
  b.elect();
  auto next = make_config();
  next.version = 2;
  next.first_slot = 10;
  const auto propose_early = [&](const char* replica, slot_num slot, const char* value) {
    b.role.on(propose{replica, next.version, slot, command{value}});
    CHECK(commanders_in(b.role.take()).empty());
  };
  propose_early("r1", 10, "A");
  propose_early("r1", 11, "B");
  propose_early("r1", 12, "C"); // one too many
  propose_early("r2", 10, "D");
  config_history history{make_config()};
  history.add(next);
  b.role.learn(history);
  auto out = b.role.take();
  for (const auto& task : scouts_in(out)) {
    b.role.on(scout_outcome{adopted{2, task.ballot, task.from_slot, 0, 1, {}}});
    leader_bench::add(out, b.role.take());
  }
  const auto started = commanders_in(out);
  REQUIRE(started.size() == 2);
  CHECK(started[0].value == pvalue{b.role.ballot(), 10, command{"D"}});
  CHECK(started[1].value == pvalue{b.role.ballot(), 11, command{"B"}});
}

TEST_CASE("leader: below the watermark it can only point to a snapshot") {
  leader_bench b;
  b.elect({}, 10);
  const auto out = b.propose(9, "A");
  CHECK(commanders_in(out).empty());
  CHECK(only<collected>(out.send, "r1").at(0).watermark == 10);
  CHECK(commanders_in(b.propose(10, "A")).size() == 1);
}

TEST_CASE("leader: a replica that knows only a forgotten configuration is pointed to a snapshot") {
  leader_bench b;
  b.elect({}, 10);
  b.role.on(propose{"r1", 7, 9, command{"A"}});
  const auto out = b.role.take();
  CHECK(commanders_in(out).empty());
  CHECK(only<collected>(out.send, "r1").at(0).watermark == 10);
}

TEST_CASE("leader: nothing is proposed where the slot's configuration was forgotten") {
  leader_bench b;
  b.elect();
  auto config = make_config();
  config_history history{config};
  while (config.version < config_history::most_kept + 3) {
    ++config.version;
    config.first_slot += 10;
    history.add(config);
  }
  b.role.learn(history);
  b.role.take();
  const auto out = b.propose(15, "A"); // version 2's, which would be taken for version 1's
  CHECK(commanders_in(out).empty());
  CHECK(scouts_in(out).empty());
}

TEST_CASE("leader: a commander that meets a watermark frees the slot, and the next one is told") {
  leader_bench b;
  b.elect();
  const auto task = commanders_in(b.propose(3, "A")).at(0);
  b.role.on(commander_outcome{below_watermark{3, 8}}, task.value.ballot);
  CHECK(b.role.commanders().empty());
  CHECK(only<collected>(b.propose(3, "A").send).at(0).watermark == 8);
}

TEST_CASE("leader: for a slot that phase 1 has not covered, it looks before it proposes") {
  leader_bench b;
  elect_from_20(b);
  const auto out = b.propose(5, "mine");
  CHECK(commanders_in(out).empty());
  REQUIRE(scouts_in(out).size() == 1);
  const auto task = scouts_in(out)[0];
  CHECK(task.ballot == b.role.ballot());
  CHECK(task.from_slot == 5);
  CHECK(task.to_slot == 20);
  CHECK(scouts_in(b.propose(6, "also mine")).empty()); // one at a time
  b.role.on(scout_outcome{adopted{1, task.ballot, 5, 20, 1, accepted(0, 5, "chosen")}});
  const auto started = commanders_in(b.role.take());
  REQUIRE(started.size() == 2);
  CHECK(started[0].value.value == command{"chosen"});
  CHECK(started[1].value == pvalue{task.ballot, 6, command{"also mine"}});
}

TEST_CASE("leader: C1, a slot decided and forgotten gets no second value at the same ballot") {
  leader::settings settings;
  settings.kept_decisions_bytes = 0;
  leader_bench b{0, settings};
  b.elect();
  b.decide(commanders_in(b.propose(1, "A")).at(0));
  const auto out = b.propose(1, "B", "r2");
  CHECK(commanders_in(out).empty());
  CHECK(scouts_in(out).size() == 1);
}

TEST_CASE("leader: C1, a recovery does not reach over slots with commanders at work") {
  leader::settings settings;
  settings.kept_decisions_bytes = 0;
  leader_bench b{0, settings};
  b.elect();
  const auto three = commanders_in(b.propose(3, "three")).at(0);
  b.decide(commanders_in(b.propose(5, "five")).at(0)); // and forgotten: covers from 6 on
  REQUIRE(b.role.covered_from() == 6);
  const auto scouts = scouts_in(b.propose(1, "one"));
  REQUIRE(scouts.size() == 1);
  // The acceptors answer before they accept ⟨b,3,three⟩; then slot 3 is decided, forgotten, and
  // proposed again by a replica that has missed it.
  b.decide(three);
  b.role.take();
  b.propose(3, "another", "r2");
  b.role.on(scout_outcome{adopted{1, scouts[0].ballot, 1, scouts[0].to_slot, 1, {}}});
  for (const auto& task : commanders_in(b.role.take()))
    CHECK(task.value.slot != 3);
}

TEST_CASE("leader: C1, a slot commanded and forgotten gets no second value from late answers") {
  leader::settings settings;
  settings.kept_decisions_bytes = 0;
  leader_bench b{0, settings};
  b.elect();
  b.decide(commanders_in(b.propose(2, "two")).at(0)); // and forgotten
  const auto recover = [&](std::map<slot_num, pvalue> found) {
    const auto scout = scouts_in(b.propose(1, "one")).at(0);
    b.propose(2, "another", "r2");
    b.role.on(scout_outcome{adopted{1, scout.ballot, 1, scout.to_slot, 1, std::move(found)}});
    std::map<slot_num, command> commanded;
    for (const auto& task : commanders_in(b.role.take())) {
      commanded[task.value.slot] = task.value.value;
      b.decide(task);
    }
    return commanded;
  };
  // Answers from before the acceptors accepted ⟨b,2,two⟩, to a scout that asked earlier.
  CHECK_FALSE(recover({}).contains(2));
  CHECK_FALSE(recover(accepted(0, 2, "older")).contains(2));
  auto found = accepted(0, 2, "two");
  found.at(2).ballot = b.role.ballot();
  CHECK(recover(found).at(2) == command{"two"}); // the next answers have it
}

TEST_CASE("leader: a recovery that is preempted leaves nothing behind") {
  leader_bench b;
  elect_from_20(b);
  const auto task = scouts_in(b.propose(5, "mine")).at(0);
  b.role.on(scout_outcome{preempted{{7, "l3"}}});
  CHECK_FALSE(b.role.is_active());
  b.role.take();
  b.role.on(scout_outcome{adopted{1, task.ballot, 5, 20, 1, {}}}); // late
  CHECK(commanders_in(b.role.take()).empty());
  elect_from_20(b);
  CHECK(scouts_in(b.propose(5, "mine")).size() == 1);
}

TEST_CASE("leader: commanders at work are bounded, and the rest follows in order") {
  leader::settings settings;
  settings.window = 4;
  leader_bench b{0, settings};
  std::map<slot_num, pvalue> many;
  for (slot_num slot = 1; slot <= 20; ++slot)
    many[slot] = {{0, "l2"}, slot, command{"x"}};
  auto started = commanders_in(b.elect(many));
  CHECK(started.size() == 8);
  for (std::size_t done = 0; done < 20; ++done) {
    CHECK(started.at(done).value.slot == done + 1);
    b.decide(started.at(done));
    for (auto& task : commanders_in(b.role.take()))
      started.push_back(task);
    CHECK(b.role.commanders().size() <= 8);
  }
  CHECK(b.role.proposals().empty());
}

TEST_CASE("leader: asks only about slots that some replica has not performed") {
  leader_bench b;
  b.hear_replica("r1", 31);
  b.hear_replica("r2", 40);
  b.hear_replica("nobody", 5); // not a replica of the configuration
  CHECK(b.until_scouting().at(0).from_slot == 31);
}
