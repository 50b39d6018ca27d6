// The situations that the lectures on Raft draw (Raft paper, sections 5.3, 5.4 and 6, figures 7, 8
// and 10), step by step.
#include "raft/cluster.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::raft::test;

namespace {

const std::vector<role_id> three = {"s1", "s2", "s3"};
const std::vector<role_id> five = {"s1", "s2", "s3", "s4", "s5"};

/// What a server with this log, in this term, answers.
bool grants(const std::vector<term_num>& terms, const request_vote& asked, term_num current = 1,
            const role_id& voted_for = {}) {
  consensus voter{{.id = "s2"}, state_with(three, terms, current, voted_for)};
  voter.on(asked);
  const auto out = voter.take();
  REQUIRE(out.send.size() == 1);
  return std::get<vote>(out.send[0].body).is_granted;
}

std::vector<term_num> terms_of(const raft::log& log) {
  std::vector<term_num> terms;
  for (auto i = log.first(); i <= log.last().index; ++i)
    terms.push_back(log.at(i).term);
  return terms;
}

} // namespace

TEST_CASE("5.3: two entries with the same index and term are identical") {
  cluster c{3};
  c.elect("s1");
  // A leader puts at most one entry at an index in its term, and never another one there.
  const auto first = *c["s1"].propose(command{"A"});
  const auto second = *c["s1"].propose(command{"B"});
  CHECK(first.term == second.term);
  CHECK(second.index == first.index + 1);
  c.settle("s1");
  c.deliver_all();
  for (const auto& id : c.ids())
    CHECK(c[id].log().at(first.index) == c["s1"].log().at(first.index));
}

TEST_CASE(
    "5.3: logs that agree on an entry agree on the prefix, as the consistency check sees to") {
  consensus follower{{.id = "s2"}, state_with(three, {1, 1, 2}, 3)};
  const auto answer_to = [&](const position& previous) {
    follower.on(append_entries{"s1", 3, previous, {entry_at({previous.index + 1, 3})}, 0, 1});
    return std::get<append_reply>(follower.take().send.at(0).body);
  };
  CHECK_FALSE(answer_to({3, 3}).is_match); // another entry stands there
  CHECK_FALSE(answer_to({4, 2}).is_match); // and there is none
  CHECK(terms_of(follower.log()) == std::vector<term_num>{1, 1, 2});
  CHECK(answer_to({3, 2}).is_match);
  CHECK(terms_of(follower.log()) == std::vector<term_num>{1, 1, 2, 3});
}

TEST_CASE("5.4.1: who gets a vote for RequestVote(term 2, index 2, term 0)") {
  const request_vote asked{"s1", 2, {2, 0}};
  CHECK(grants({}, asked));
  CHECK(grants({0}, asked));
  CHECK(grants({0, 0}, asked));
  CHECK_FALSE(grants({0, 0, 0}, asked)); // the voter's log is longer
  CHECK_FALSE(grants({1}, asked));       // and here its last term is later
  CHECK_FALSE(grants({0, 1}, asked));
}

TEST_CASE("5.4.1: who gets a vote for RequestVote(term 2, index 2, term 1)") {
  const request_vote asked{"s1", 2, {2, 1}};
  CHECK(grants({0, 0}, asked));
  CHECK(grants({0, 0, 0}, asked)); // longer, but of an earlier term
  CHECK(grants({0, 1}, asked));
  CHECK(grants({1}, asked));
  CHECK_FALSE(grants({0, 1, 1}, asked));
  CHECK_FALSE(grants({0, 0, 0, 1}, asked));
}

TEST_CASE("5.2: one vote a term, first come, first served") {
  const request_vote asked{"s1", 2, {2, 1}};
  CHECK_FALSE(grants({0, 1}, asked, 2, "s3"));
  CHECK(grants({0, 1}, asked, 2, "s1")); // the answer was lost: it asks again
  CHECK_FALSE(grants({0, 1}, asked, 3)); // of an earlier term
}

namespace {

/// Figure 8, at (b): s1 led term 2 and replicated its entry to s2 only; s5 led term 3, elected by
/// s3, s4 and itself, and has another one.
cluster figure_8() {
  cluster c{{{"s1", state_with(five, {1, 2}, 2, "s1")},
             {"s2", state_with(five, {1, 2}, 2, "s1")},
             {"s3", state_with(five, {1}, 3, "s5")},
             {"s4", state_with(five, {1}, 3, "s5")},
             {"s5", state_with(five, {1, 3}, 3, "s5")}},
            2};
  c.crash("s5");
  return c;
}

} // namespace

TEST_CASE("5.4.2, figure 8 (c), 'is this stable?': an old entry on a majority is not committed") {
  auto c = figure_8();
  // s1 wins term 4; what it then sends is lost, but for the entry of term 2, which s3 gets.
  for (int i = 0; i < 200 && !c["s1"].is_leader(); ++i) {
    c.tick("s1");
    while (!c.post().empty() && !c["s1"].is_leader())
      c.deliver_next();
  }
  REQUIRE(c["s1"].is_leader());
  REQUIRE(c["s1"].term() == 4);
  while (!c.post().empty())
    c.drop(0);
  c["s3"].on(append_entries{"s1", 4, {1, 1}, {entry_at({2, 2})}, 0, 1});
  c.settle("s3");
  c["s1"].on(append_reply{"s3", 4, true, 2, {}, 0});
  c["s1"].on(append_reply{"s2", 4, true, 2, {}, 0});
  CHECK(terms_of(c["s3"].log()) == std::vector<term_num>{1, 2}); // s1, s2 and s3 have it
  CHECK(c["s1"].log().at(2).term == 2);
  CHECK(c["s1"].commit() == 0);
}

TEST_CASE("5.4.2, figure 8 (d), 'is this legal?': it was not committed, so it may be overwritten") {
  auto c = figure_8();
  // As at (c): s1 led term 4, and s3 has the entry of term 2 now, a majority in all.
  c.crash("s1");
  c["s3"].on(append_entries{"s1", 4, {1, 1}, {entry_at({2, 2})}, 0, 1});
  c.settle("s3");
  while (!c.post().empty())
    c.drop(0);
  c.restart("s5");
  c.run(40); // nobody votes as long as it has heard a leader of late
  for (int i = 0; i < 2'000 && !c["s5"].is_leader(); ++i) {
    c.tick("s5"); // the others do not run
    c.deliver_all();
  }
  REQUIRE(c["s5"].is_leader());
  c.run(20);
  c.restart("s1");
  c.run(100);
  for (const auto& id : five) {
    CHECK(c[id].log().at(2).term == 3);
    CHECK(c[id].commit() >= 2);
  }
}

TEST_CASE(
    "5.4.2, figure 8 (e): with an entry of the own term, the old one is committed, and stays") {
  auto c = figure_8();
  c.elect("s1");
  c.run(20);
  REQUIRE(c["s1"].log().at(2).term == 2);
  REQUIRE(c["s1"].commit() >= 3); // the entry of term 4 is on a majority
  c.crash("s1");
  c.restart("s5");
  REQUIRE_FALSE(c.run_until_leader().empty());
  CHECK(c.leader() != role_id{"s5"});
  c.run(50);
  for (const auto& id : {"s2", "s3", "s4", "s5"})
    CHECK(c[id].log().at(2).term == 2);
}

TEST_CASE("5.4.2: an entry of an earlier term is not committed by counting") {
  consensus fresh{{.id = "s1"}, state_with(three, {1, 2}, 3, {})};
  for (int i = 0; i < 100 && fresh.current_state() != consensus::state::pre_candidate; ++i)
    fresh.on_tick();
  fresh.on(vote{"s2", 4, true, true});
  fresh.on(vote{"s2", 4, true, false});
  REQUIRE(fresh.is_leader());
  auto out = fresh.take();
  fresh.persisted(out.persist);
  fresh.on(append_reply{"s2", 4, true, 2, {}, 1}); // a majority has the entry of term 2
  CHECK(fresh.commit() == 0);
  fresh.on(append_reply{"s2", 4, true, 3, {}, 1}); // and now one of term 4
  CHECK(fresh.commit() == 3);
}

// --- Section 6 ----------------------------------------------------------------------------------

TEST_CASE("6, figure 10: switching at once from three servers to five makes two majorities") {
  auto new_only = state_with(three, {1}, 1);
  auto straight = servers_called(five);
  straight.version = 2;
  new_only.log.append({1, command{"change"}, std::make_shared<const server_set>(straight)});
  const auto old_only = state_with(three, {1}, 1);
  cluster c{
      {{"s1", old_only}, {"s2", old_only}, {"s3", new_only}, {"s4", new_only}, {"s5", new_only}}};
  // s1 and s2 go by C-old, s3, s4 and s5 by C-new, and they do not hear each other.
  const auto both_lead = [&] {
    for (const auto& id : {"s3", "s4", "s5"})
      c.isolate(id);
    c.elect("s1");
    for (const auto& id : {"s3", "s4", "s5"})
      c.rejoin(id);
    for (const auto& id : {"s1", "s2"})
      c.isolate(id);
    c.elect("s3");
  };
  // Two leaders in a term, or one that lacks what the other has committed: as it happens.
  CHECK_THROWS_AS(both_lead(), std::logic_error);
}

TEST_CASE("6: with C-all between them, neither can decide without the other") {
  cluster c{3};
  c.add("s4");
  c.add("s5");
  c.elect("s3");
  c.run(10);
  REQUIRE(c.change("s3", five) == "");
  for (int i = 0; i < 1'000 && !c["s3"].members().is_joint(); ++i) {
    if (!c.deliver_next())
      c.run(1);
  }
  REQUIRE(c["s3"].members().is_joint()); // used as soon as it is in the log
  const auto before = c["s3"].commit();
  c.isolate("s1");
  c.isolate("s2");
  c.run(25); // s4 and s5 have it: a majority of C-new, not of C-old
  CHECK(c["s3"].commit() == before);
  CHECK(c["s4"].members().is_joint());
  for (const auto& id : {"s3", "s4", "s5"})
    c.isolate(id);
  c.rejoin("s1");
  c.rejoin("s2");
  c.run(200);
  CHECK((c["s1"].is_leader() || c["s2"].is_leader()));
  // The entry is overwritten, and with it the configuration is taken back.
  for (const auto& id : {"s3", "s4", "s5"})
    c.rejoin(id);
  c.run(200);
  CHECK_FALSE(c["s3"].members().is_joint());
  CHECK(c["s3"].members().version == 1);
  CHECK(c["s3"].members().servers.size() == 3);
}

TEST_CASE("6: C-all → C-new, with the leader killed after each message") {
  const std::vector<role_id> to = {"s2", "s3", "s4"};
  bool was_made = false, was_dropped = false;
  for (int kill_at = 0; kill_at < 60; ++kill_at) {
    CAPTURE(kill_at);
    cluster c{3, static_cast<std::uint64_t>(kill_at) + 1};
    c.add("s4");
    c.elect("s1");
    c.run(10);
    REQUIRE(c.propose("s1", "before"));
    c.deliver_all();
    REQUIRE(c.change("s1", to) == "");
    for (int i = 0; i < kill_at; ++i)
      if (!c.deliver_next())
        c.run(1);
    c.crash("s1");
    c.run(300);
    const auto leader = c.leader();
    REQUIRE_FALSE(leader.empty());
    CHECK_FALSE(c[leader].is_changing());
    CHECK(c.propose(leader, "after"));
    c.run(20);
    CHECK(c.performed(leader).front() == "before");
    CHECK(c.performed(leader).back() == "after");
    const auto version = c[leader].members().version;
    was_made = was_made || version == 2;
    was_dropped = was_dropped || version == 1;
    CHECK(c[leader].members().has("s1") == (version == 1));
    // Who was killed comes back, and disturbs nobody.
    const auto term = c[leader].term();
    c.restart("s1");
    c.run(300);
    CHECK(c[leader].is_leader());
    CHECK(c[leader].term() == term);
  }
  CHECK(was_made);
  CHECK(was_dropped);
}
