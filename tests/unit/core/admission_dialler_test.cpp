// The process that dials: whom, and what it does with the answer.
#include "unit/core/admission_bench.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

TEST_CASE("admission: who differs in any fact is refused, on both sides") {
  for (const auto& facts : facts_that_differ_from(some_facts())) {
    auto said = a2_says();
    said.facts = facts;
    admission here{host1(), three()};
    CHECK(here.answer(said, {}).refusal == why_processes_differ(facts, some_facts()));
    const auto after = here.hear("host2:1", welcome_of(said));
    CHECK(after.disagreement == why_processes_differ(some_facts(), facts, "there"));
    CHECK(after.refused == "refuses this process: " + after.disagreement);
    CHECK(after.differs.empty()); // one of three: it may be the wrong one
  }
}

TEST_CASE("admission: a process of another engine is refused, and both engines are named") {
  auto said = a2_says();
  said.facts.engine = to_string(engine_kind::raft);
  admission here{host1(), three()};
  CHECK(here.answer(said, {}).refusal.starts_with("its engine is raft, and here it is pmmc. "));
  CHECK(here.hear("host2:1", welcome_of(said))
            .disagreement.starts_with("its engine is pmmc, and there it is raft. "));
}

TEST_CASE("admission: who differs from a majority of the acceptors stops, until they agree again") {
  auto said = a2_says();
  said.facts.window = 7;
  auto good = a2_says();
  admission here{host1(), three()};
  CHECK(here.hear("host2:1", welcome_of(said)).differs.empty());
  CHECK(here.hear("host2:1", welcome_of(said)).differs.empty());   // the same again
  CHECK(here.hear("contact:1", welcome_of(said)).differs.empty()); // no acceptor
  CHECK(here.hear("host3:1", welcome_of(said)).differs.empty());   // one process that has moved?
  CHECK(here.hear("host3:1", welcome_of(said)).differs.empty());
  const auto two_of_three = [&] {
    return contains(here.hear("host2:1", welcome_of(said)).differs,
                    "this process does not agree with a majority of its cluster, last with the "
                    "process at host2:1");
  };
  SUBCASE("two of three") { CHECK(two_of_three()); }
  SUBCASE("one of them is welcome again") {
    CHECK(here.hear("host3:1", welcome_of(good)).refused.empty());
    CHECK_FALSE(two_of_three());
  }
  SUBCASE("one of them dials, and is let in") {
    good.address = "host3:1";
    CHECK(here.answer(good, {}).refusal.empty());
    CHECK_FALSE(two_of_three());
  }
  SUBCASE("one of them is there no more") {
    here.unreachable("host3:1");
    CHECK_FALSE(two_of_three());
  }
}

TEST_CASE("admission: one process at one address after another is no majority") {
  auto said = a2_says();
  said.facts.window = 7;
  admission here{host1(), three()};
  for (int i = 0; i < 3; ++i)
    for (const auto* address : {"host2:1", "host3:1"}) {
      CHECK(here.hear(address, welcome_of(said)).differs.empty());
      CHECK(here.hear(address, welcome_of(said)).differs.empty());
      here.unreachable(address);
    }
}

TEST_CASE("admission: the roles of a welcome are looked at as those of a hello are") {
  admission here{host1(), three()};
  auto said = welcome_of(a2_says());
  said.roles[0].kind = role_kind::client;
  CHECK(here.hear("host2:1", said).refused ==
        "is refused: a client must not have the id of a member, a2");
  CHECK(here.hear("host2:1", welcome_of(a2_says())).is_first);
}

TEST_CASE("admission: what a process does with an answer") {
  const auto said = welcome_of(a2_says());
  admission here{host1(), three()};
  SUBCASE("welcome") {
    const auto after = here.hear("host2:1", said);
    CHECK(after.refused.empty());
    CHECK(after.is_first);
    CHECK_FALSE(here.hear("host2:1", said).is_first);
  }
  SUBCASE("another cluster's name") {
    auto other = said;
    other.cluster = "other";
    CHECK(here.hear("host2:1", other).refused ==
          "belongs to cluster \"other\", not to \"test\" as in test.conf: is that the right config "
          "file?");
  }
  SUBCASE("another identity") {
    auto other = said;
    other.known.identity = others;
    CHECK(contains(here.hear("host2:1", other).refused, "is refused: it belongs to the cluster"));
  }
  SUBCASE("it was removed, and stops for it") {
    const auto after =
        here.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.refused == "refuses this process: a1 was removed");
    CHECK(after.removed == "a1 was removed, says the process at host2:1");
  }
  SUBCASE("it was removed, as one says that is behind") {
    admission ahead{host1(), [] {
                      auto known = without_a2();
                      auto next = known.configurations.latest();
                      next.version = 3;
                      next.first_slot = 20;
                      known.configurations.add(next);
                      return known;
                    }()};
    const auto after =
        ahead.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.refused == "refuses this process: a1 was removed");
    CHECK(after.removed.empty());
  }
  SUBCASE("it was removed, as one says that knows as much") {
    admission as_far{host1(), without_a2()};
    const auto after =
        as_far.hear("host2:1", {"a1 was removed", true, "test", {}, without_a2(), some_facts()});
    CHECK(after.removed == "a1 was removed, says the process at host2:1");
  }
  SUBCASE("it is refused for something else, and goes on") {
    const auto after = here.hear("host2:1", {"no", false, "test", {}, three(), some_facts()});
    CHECK(after.refused == "refuses this process: no");
    CHECK(after.removed.empty());
  }
}

TEST_CASE("admission: a client believes the first process that lets it in, and no other cluster") {
  process_identity own{"test", "", {{"c1", role_kind::client, {}}}, {}, "", {}};
  admission client{own, three(others)}; // as a directory beside it says
  CHECK(client.introduce().identity == 0);
  auto said = welcome_of(a2_says());
  said.known = without_a2();
  CHECK(client.hear("host2:1", said).is_first);
  CHECK(client.known().version() == 2);
  CHECK(client.introduce().identity == ours);
  said.known.identity = others;
  CHECK(contains(client.hear("host3:1", said).refused, "is refused"));
}

TEST_CASE("admission: whom a process dials") {
  using addresses = std::set<std::string>;
  CHECK(admission{host1(), three()}.wanted() == addresses{"host2:1", "host3:1"});
  auto own = host1();
  own.address = "host9:1";
  CHECK(admission{own, three()}.wanted() ==
        addresses{"host1:1", "host2:1", "host3:1", "contact:1"});
  process_identity client{"test", "", {{"c1", role_kind::client, {}}}, {"contact:1"}, "", {}};
  CHECK(admission{client, three()}.wanted() == addresses{"host1:1", "host2:1", "host3:1"});
}

TEST_CASE("admission: a process dials those that should dial it, if they do not for a while") {
  using addresses = std::set<std::string>;
  const auto beats = [](admission& here, const addresses& connected, unsigned times) {
    bool changed = false;
    while (times-- > 0)
      changed = here.beat(connected) || changed;
    return changed;
  };
  auto own = host1();
  own.address = "host3:1";
  own.roles = {role(role_kind::acceptor, "a3"), role(role_kind::replica, "r3")};
  admission here{own, three()};
  SUBCASE("one of them: it may know nobody any more") {
    CHECK_FALSE(beats(here, {"host2:1"}, admission::beats_until_missed - 1));
    CHECK(here.wanted().empty());
    CHECK(beats(here, {"host2:1"}, 1));
    CHECK(here.wanted() == addresses{"host1:1"});
    CHECK(here.is_others_turn("host1:1"));
    CHECK_FALSE(beats(here, {"host2:1"}, 100));
    CHECK(beats(here, {"host1:1", "host2:1"}, 1)); // it is there
    CHECK(here.wanted().empty());
    CHECK_FALSE(beats(here, {"host2:1"}, admission::beats_until_missed - 1));
  }
  SUBCASE("all of them: all that it knows may have moved") {
    CHECK(beats(here, {}, admission::beats_until_lonely));
    CHECK(here.wanted() == addresses{"host1:1", "host2:1", "contact:1"});
    CHECK_FALSE(here.is_others_turn("host1:1")); // it may not know of this one
    CHECK(beats(here, {}, admission::beats_until_missed));
    CHECK(beats(here, {"contact:1"}, 1)); // a stranger: the members are missed as before
    CHECK(here.wanted() == addresses{"host1:1", "host2:1"});
  }
  SUBCASE("all of them, but not for long") {
    CHECK(beats(here, {}, admission::beats_until_lonely));
    CHECK(beats(here, {"host1:1", "host2:1"}, 1));
    CHECK(here.wanted().empty());
  }
  SUBCASE("one that was removed is not missed") {
    CHECK(beats(here, {"host2:1"}, admission::beats_until_missed));
    auto known = three();
    auto next = make_config();
    next.version = 2;
    next.first_slot = 10;
    for (auto* members : {&next.acceptors, &next.leaders, &next.replicas})
      members->erase(members->begin());
    known.configurations.add(next);
    known.live_from = 2;
    CHECK(here.learn(known));
    CHECK(beats(here, {"host2:1"}, 1));
    CHECK(here.wanted().empty());
  }
}

TEST_CASE("admission: who was removed while it ran says so when it asks again") {
  auto own = host1();
  own.address = "host2:1";
  own.roles = {role(role_kind::acceptor, "a2")};
  admission removed{own, three()};
  CHECK_FALSE(removed.introduce().rejoins);
  CHECK(removed.learn(without_a2()));
  CHECK(removed.knows_of_removal());
  CHECK(removed.introduce().rejoins);
  own.rejoins = true;
  CHECK(admission{own, three()}.introduce().rejoins);
}

} // namespace pmmc::test
