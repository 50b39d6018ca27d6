// Replication and reads (Raft paper, 5.3 and 7; thesis, 6.4).
#include "raft/cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

using namespace pmmc;
using namespace pmmc::raft;
using namespace pmmc::raft::test;

namespace {

const std::vector<role_id> three = {"s1", "s2", "s3"};

/// s1 leads term `current` + 1 with a log of these terms; what it sends is taken by hand.
consensus leader_with(const std::vector<term_num>& terms, term_num current) {
  consensus s1{{.id = "s1"}, state_with(three, terms, current)};
  while (s1.current_state() != consensus::state::pre_candidate)
    s1.on_tick();
  s1.on(vote{"s2", current + 1, true, true});
  s1.on(vote{"s2", current + 1, true, false});
  REQUIRE(s1.is_leader());
  return s1;
}

std::vector<append_entries> sent_to(const role_id& id, const outputs& out) {
  std::vector<append_entries> found;
  for (const auto* way : {&out.send_early, &out.send})
    for (const auto& e : *way)
      if (const auto* m = std::get_if<append_entries>(&e.body); m != nullptr && e.to == id)
        found.push_back(*m);
  return found;
}

} // namespace

TEST_CASE("5.3, figure 7: followers that miss entries, and such that have others, are made equal") {
  cluster c{{{"s1", state_with(three, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6}, 7)},
             {"s2", state_with(three, {1, 1, 1, 4}, 6)},
             {"s3", state_with(three, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 3)}}};
  c.elect("s1");
  c.run(20);
  for (const auto& id : {"s2", "s3"})
    CHECK(c[id].log() == c["s1"].log());
}

TEST_CASE("5.3: nextIndex goes back a term at a time, not an entry") {
  auto s1 = leader_with(std::vector<term_num>(100, 5), 7);
  s1.take();
  consensus s2{{.id = "s2"}, [] {
                 std::vector<term_num> terms{5, 5};
                 terms.resize(90, 6);
                 return state_with(three, terms, 7);
               }()};
  int asked = 0;
  s1.on(append_reply{"s2", 8, false, 100, {91, 0}, 0});
  bool is_first = true; // a log that is too short says where it ends
  for (bool is_match = false; !is_match && asked < 100; ++asked) {
    auto requests = sent_to("s2", s1.take());
    if (requests.empty()) {
      s1.on_tick();
      --asked;
      continue;
    }
    if (std::exchange(is_first, false))
      CHECK(requests.at(0).previous == position{90, 5});
    s2.on(requests.at(0));
    const auto out = s2.take();
    const auto answer = std::get<append_reply>(out.send.back().body);
    is_match = answer.is_match;
    s1.on(answer);
  }
  CHECK(asked <= 4);
  CHECK(s2.log().at(3).term == 5);
}

TEST_CASE("5.3: where both logs have a term, they are tried at its end in the leader's") {
  std::vector<term_num> terms(50, 1);
  terms.resize(70, 3);
  auto s1 = leader_with(terms, 3);
  s1.take();
  s1.on(append_reply{"s2", 4, false, 70, {61, 0}, 0}); // it has 60 entries, of term 1
  s1.take();
  s1.on(append_reply{"s2", 4, false, 60, {1, 1}, 0});
  const auto sent = sent_to("s2", s1.take());
  REQUIRE(!sent.empty());
  CHECK(sent[0].previous == position{50, 1});
}

TEST_CASE("5.3: what is committed at a follower is what it has of the leader's log") {
  consensus s2{{.id = "s2"}, state_with(three, {1, 1, 2, 2}, 2)};
  s2.on(append_entries{"s1", 3, {0, 0}, {entry_at({1, 1})}, 4, 1});
  CHECK(s2.commit() == 1); // whether its other entries are the leader's, nobody has said
}

TEST_CASE("5.2: what belongs to a candidate's new term waits for the disk") {
  consensus s1{{.id = "s1"}, state_with(three, {1}, 1)};
  while (s1.current_state() != consensus::state::pre_candidate)
    s1.on_tick();
  s1.take();
  s1.on(vote{"s2", 2, true, true});
  CHECK(s1.current_state() == consensus::state::candidate);
  s1.on(vote{"s3", 2, true, true}); // of the pre-vote: it comes late, and is no vote
  CHECK(s1.current_state() == consensus::state::candidate);
  const auto out = s1.take();
  CHECK(out.send_early.empty());
  REQUIRE(out.persist.size() == 1);
  CHECK(std::get<term_record>(out.persist[0]).voted_for == role_id{"s1"});
  CHECK(out.send.size() == 2);
}

TEST_CASE("5.2: a vote is durable before it is told") {
  consensus s2{{.id = "s2"}, state_with(three, {1}, 1)};
  s2.on(request_vote{"s1", 2, {1, 1}});
  const auto out = s2.take();
  REQUIRE(!out.persist.empty());
  CHECK(std::get<term_record>(out.persist.back()).voted_for == role_id{"s1"});
  CHECK(std::get<vote>(out.send.at(0).body).is_granted);
}

TEST_CASE("9.6: who hears a leader helps nobody to replace it") {
  consensus s2{{.id = "s2"}, state_with(three, {1}, 1)};
  s2.on(append_entries{"s1", 1, {1, 1}, {}, 0, 1});
  s2.take();
  for (const bool is_pre_vote : {true, false}) {
    s2.on(request_vote{"s3", 2, {1, 1}, is_pre_vote});
    CHECK(s2.take().persist.empty());
    CHECK(s2.term() == 1);
  }
  auto s1 = leader_with({1}, 1);
  s1.take();
  s1.on(request_vote{"s3", 3, {9, 2}});
  CHECK(s1.is_leader());
}

TEST_CASE("5.4.2: answers of an earlier term count for nothing") {
  auto s1 = leader_with({1}, 1);
  auto out = s1.take();
  s1.persisted(out.persist);
  s1.propose(command{"A"});
  s1.barrier(1);
  out = s1.take();
  s1.persisted(out.persist);
  s1.on(append_reply{"s2", 1, true, 3, {}, 100});
  CHECK(s1.commit() == 0);
  CHECK(s1.take().readable.empty());
}

TEST_CASE("7: who is offered a snapshot has what it has committed, and no more, of the leader's") {
  consensus s2{{.id = "s2"}, state_with(three, {1}, 1)};
  s2.on(snapshot_offer{"s1", 1, {5, 1}, 1});
  const auto out = s2.take();
  REQUIRE(out.fetch_snapshot.has_value());
  CHECK(out.fetch_snapshot->base == position{5, 1});
  const auto answer = std::get<append_reply>(out.send.at(0).body);
  CHECK(answer.is_match);
  CHECK(answer.last == 0);
}

TEST_CASE("5.3: an own entry that was taken back while the disk wrote it does not count") {
  consensus s1{{.id = "s1"}, state_with(three, {1, 1, 1}, 1)};
  s1.on(append_entries{"s2", 2, {1, 1}, {entry_at({2, 2})}, 0, 1});
  s1.persisted(s1.take().persist); // {1, 2}: the third entry is gone
  while (s1.current_state() != consensus::state::pre_candidate)
    s1.on_tick();
  s1.on(vote{"s2", 3, true, true});
  s1.on(vote{"s2", 3, true, false});
  REQUIRE(s1.is_leader());
  const auto out = s1.take(); // its no-op stands at 3
  s1.on(append_reply{"s3", 3, true, 3, {}, 0});
  CHECK(s1.commit() == 0);
  s1.persisted(out.persist);
  CHECK(s1.commit() == 3);
}

TEST_CASE("5.3: requests follow each other without waiting, up to a bound") {
  cluster c{3};
  c.elect("s1");
  c.run(10);
  while (!c.post().empty())
    c.drop(0);
  for (int i = 0; i < 20; ++i)
    c.propose("s1", "0123456789");
  const auto to_s2 = std::count_if(c.post().begin(), c.post().end(), [](const auto& l) {
    return l.what.to == role_id{"s2"} && std::holds_alternative<append_entries>(l.what.body);
  });
  CHECK(to_s2 == 4); // follower_progress::settings::in_flight of the test's cluster
  c.deliver_all();
  CHECK(c["s2"].commit() == c["s1"].log().last().index);
}

TEST_CASE("5.3: a request that was overtaken is refused, not guessed, and sent again") {
  cluster c{3};
  c.elect("s1");
  c.run(10);
  c.propose("s1", "A");
  c.propose("s1", "B");
  while (!c.post().empty()) // the last one first
    c.deliver(c.post().size() - 1);
  c.run(10);
  for (const auto& id : three)
    CHECK(c.performed(id) == std::vector<std::string>{"A", "B"});
}

TEST_CASE("a leader's own disk runs beside the network, and counts when it is done") {
  auto s1 = leader_with({1}, 1);
  auto out = s1.take();
  CHECK(out.send_early.empty()); // the term is not durable yet
  s1.persisted(out.persist);
  s1.on(append_reply{"s2", 2, true, 2, {}, 0});
  REQUIRE(s1.commit() == 2);
  s1.take();
  s1.propose(command{"A"});
  out = s1.take();
  CHECK(out.send_early.size() == 1); // s3 has not answered yet, so it is asked one at a time
  CHECK(out.persist.size() == 1);
  s1.on(append_reply{"s2", 2, true, 3, {}, 0});
  CHECK(s1.commit() == 2); // one of three
  s1.persisted(out.persist);
  CHECK(s1.commit() == 3);
}

TEST_CASE("a leader whose own disk hangs proposes so much ahead of it, and then gives up office") {
  auto s1 = leader_with({1}, 1);
  s1.persisted(s1.take().persist);
  slot_num taken = 0;
  while (taken < 5'000 && s1.propose(command{"x"}))
    ++taken;
  CHECK(taken == s1.options().most_undurable);
  CHECK_FALSE(s1.may_propose());
  const auto tick = [&] {
    s1.on_tick();
    const auto requests = sent_to("s2", s1.take());
    s1.on(append_reply{"s2", 2, true, 2, {}, requests.empty() ? 0 : requests.back().round});
  };
  unsigned ticks = 0;
  for (; s1.is_leader() && ticks < 5'000; ++ticks)
    tick();
  CHECK(ticks == s1.options().disk_ticks + 1);
}

TEST_CASE("a leader whose own disk hangs proposes so many bytes ahead of it") {
  auto s1 = leader_with({1}, 1);
  s1.persisted(s1.take().persist);
  const std::string large(1 << 20, 'x');
  std::size_t taken = 0;
  while (taken < s1.options().most_undurable && s1.propose(command{large}))
    ++taken;
  CHECK(taken == s1.options().most_undurable_bytes / large.size());
  CHECK_FALSE(s1.may_propose());
  s1.persisted(s1.take().persist);
  CHECK(s1.may_propose());
}

TEST_CASE("a leader's own disk that is slow, and goes on, costs it no office") {
  auto s1 = leader_with({1}, 1);
  s1.persisted(s1.take().persist);
  for (unsigned i = 0; i < 3; ++i) {
    REQUIRE(s1.propose(command{"x"}));
    const auto written = s1.take().persist;
    for (unsigned tick = 0; tick < s1.options().disk_ticks; ++tick) {
      s1.on_tick();
      s1.take();
      s1.on(append_reply{"s2", 2, true, 2, {}, 0});
    }
    s1.persisted(written);
    CHECK(s1.is_leader());
  }
}

TEST_CASE("6.4: a read is answered beside the leader's own disk") {
  auto s1 = leader_with({1}, 1);
  s1.persisted(s1.take().persist);
  s1.on(append_reply{"s2", 2, true, 2, {}, 0});
  REQUIRE(s1.commit() == 2);
  s1.take();
  s1.propose(command{"not durable yet"});
  s1.on(read_index{"s2", 7});
  const auto asked = sent_to("s3", s1.take());
  REQUIRE_FALSE(asked.empty());
  s1.on(append_reply{"s3", 2, true, 2, {}, asked.back().round});
  const auto out = s1.take();
  CHECK(std::any_of(out.send_early.begin(), out.send_early.end(), [](const envelope& e) {
    return std::holds_alternative<read_index_reply>(e.body) && e.to == "s2";
  }));
}

TEST_CASE("7: who is too far behind is offered a snapshot, and goes on behind it") {
  cluster c{3};
  c.elect("s1");
  c.run(10);
  c.isolate("s3");
  for (int i = 0; i < 30; ++i) {
    c.propose("s1", "c" + std::to_string(i));
    c.run(1);
  }
  c.snapshot("s1");
  c.snapshot("s2");
  c.propose("s1", "behind it");
  c.rejoin("s3");
  c.run(20);
  CHECK(c.snapshots_installed() == 1);
  CHECK(c.performed("s3") == std::vector<std::string>{"behind it"});
  CHECK(c["s3"].commit() == c["s1"].commit());
}

TEST_CASE("7: a snapshot that ends in the log keeps what stands behind it") {
  auto state = state_with(three, {1, 1, 1, 1}, 1);
  consensus s2{{.id = "s2"}, state};
  s2.installed({2, 1}, std::make_shared<const server_set>(servers_called(three)));
  CHECK(s2.log().last() == position{4, 1});
  CHECK(s2.commit() == 2);
  consensus other{{.id = "s2"}, state};
  other.installed({2, 2}, std::make_shared<const server_set>(servers_called(three)));
  CHECK(other.log().last() == position{2, 2}); // another history: nothing behind it stays
}

TEST_CASE("6.4: a round of heartbeats serves all reads that wait, at any server") {
  cluster c{3};
  c.elect("s1");
  c.run(10);
  c.propose("s1", "A");
  c.deliver_all();
  const auto before = c.reads();
  for (const auto& id : three)
    c.barrier(id);
  c.deliver_all();
  CHECK(c.reads() == before + 3);
}

TEST_CASE("6.4: a leader that was replaced answers no read") {
  cluster c{3};
  c.elect("s1");
  c.run(10);
  c.isolate("s1");
  for (int i = 0; i < 40; ++i) { // s1's time stands still: it takes itself for the leader
    for (const auto& id : {"s2", "s3"})
      c.tick(id);
    c.deliver_all();
  }
  for (int i = 0; i < 100 && c.elections() < 2; ++i) {
    for (const auto& id : {"s2", "s3"})
      c.tick(id);
    c.deliver_all();
  }
  REQUIRE(c.elections() == 2);
  REQUIRE(c["s1"].is_leader());
  const auto before = c.reads();
  c.barrier("s1");
  c.deliver_all();
  CHECK(c.reads() == before);
  c.rejoin("s1");
  c.run(40);
  CHECK(c.reads() == before + 1); // by the new one
}

TEST_CASE("6.4: a new leader does not know what is committed before an entry of its term is") {
  auto s1 = leader_with({1, 1}, 1);
  s1.barrier(1);
  auto out = s1.take();
  s1.persisted(out.persist);
  s1.on(append_reply{"s2", 2, true, 2, {}, 0});
  CHECK(s1.take().readable.empty());
  s1.on(append_reply{"s2", 2, true, 3, {}, 0});
  out = s1.take();
  REQUIRE(out.readable.empty()); // the round begins now
  s1.on(append_reply{"s2", 2, true, 3, {}, 1});
  out = s1.take();
  REQUIRE(out.readable.size() == 1);
  CHECK(out.readable[0].index == 3);
}

TEST_CASE("6.4: answers to what a leader sent in an earlier term confirm nothing") {
  auto s1 = leader_with({1}, 1);
  auto out = s1.take();
  s1.persisted(out.persist);
  s1.on(append_reply{"s2", 2, true, 2, {}, 0});
  REQUIRE(s1.commit() == 2);
  // A request of term 1, of s1's hundredth heartbeat there, comes to s3 late.
  consensus s3{{.id = "s3"}, state_with(three, {1}, 2)};
  s3.on(append_entries{"s1", 1, {1, 1}, {}, 0, 100});
  const auto late = std::get<append_reply>(s3.take().send.at(0).body);
  s1.barrier(1);
  s1.take();
  s1.on(late);
  CHECK(s1.take().readable.empty());
}

TEST_CASE("7: a snapshot of a later term comes late to a leader: it leads no more") {
  auto s1 = leader_with({1}, 1);
  s1.installed({2, 3}, std::make_shared<const server_set>(servers_called(three)));
  CHECK_FALSE(s1.is_leader());
  CHECK(s1.term() == 3);
  CHECK(s1.log().last() == position{2, 3});
  CHECK_FALSE(s1.propose(command{"A"}).has_value());
}
