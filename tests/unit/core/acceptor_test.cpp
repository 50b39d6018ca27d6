#include "base/random.hpp"
#include "consensus/pmmc/acceptor.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace pmmc;
using namespace pmmc::test;

namespace {

p1a ask(ballot_num ballot, config_version version = 1, slot_num from_slot = 1) {
  return {ballot.leader, version, ballot, from_slot};
}
p2a offer(ballot_num ballot, slot_num slot, const char* value, config_version version = 1) {
  return {ballot.leader, version, {ballot, slot, command{value}}};
}
ping tell_watermark(slot_num watermark) {
  return {"r1", 1, replica_vitals{.watermark = watermark}};
}
p1b promise_of(acceptor& a, const p1a& m) {
  a.on(m);
  return only<p1b>(a.take().send).at(0);
}
p2b vote_of(acceptor& a, const p2a& m) {
  a.on(m);
  return only<p2b>(a.take().send).at(0);
}
bool same(const acceptor_state& x, const acceptor_state& y) {
  if (x.watermark != y.watermark || x.by_version.size() != y.by_version.size())
    return false;
  for (const auto& [version, votes] : x.by_version) {
    const auto it = y.by_version.find(version);
    if (it == y.by_version.end() || it->second.ballot != votes.ballot ||
        it->second.accepted != votes.accepted)
      return false;
  }
  return true;
}

} // namespace

TEST_CASE("acceptor: votes of one configuration do not leak into another") {
  acceptor a{{.id = "a1"}, {}};
  a.on(offer({5, "l1"}, 7, "old", 1));
  const auto reply = promise_of(a, ask({2, "l2"}, 2));
  CHECK(reply.ballot == ballot_num{2, "l2"}); // not preempted by 5.l1 of version 1
  CHECK(reply.accepted.empty());
  CHECK(vote_of(a, offer({2, "l2"}, 7, "new", 2)).ballot == ballot_num{2, "l2"});
  CHECK(a.state().by_version.at(1).accepted.at(7).value == command{"old"});
  CHECK(a.highest_accepted(1) == 7);
  CHECK(a.highest_accepted(3) == 0);
}

TEST_CASE("acceptor: a repeated request is answered again, but not made durable again") {
  acceptor a{{.id = "a1"}, {}};
  a.on(ask({1, "l1"}));
  a.on(offer({1, "l1"}, 1, "A"));
  CHECK(a.take().persist.size() == 2);
  a.on(ask({1, "l1"}));
  a.on(offer({1, "l1"}, 1, "A"));
  const auto out = a.take();
  CHECK(out.persist.empty());
  CHECK(only<p1b>(out.send).size() == 1);
  CHECK(only<p2b>(out.send).at(0).ballot == ballot_num{1, "l1"});
}

TEST_CASE("acceptor: a p2a that overtakes its p1a is accepted, and promises its ballot") {
  acceptor a{{.id = "a1"}, {}};
  CHECK(vote_of(a, offer({4, "l1"}, 1, "A")).ballot == ballot_num{4, "l1"});
  CHECK(promise_of(a, ask({3, "l2"})).ballot == ballot_num{4, "l1"});
}

TEST_CASE("acceptor: below the watermark nothing is kept, accepted, or promised") {
  acceptor a{{.id = "a1"}, {}};
  for (slot_num slot = 1; slot <= 5; ++slot)
    a.on(offer({1, "l1"}, slot, "four"));
  CHECK(a.accepted_bytes() == 20);
  a.on(tell_watermark(4));
  a.on(tell_watermark(3)); // an older one changes nothing
  CHECK(a.accepted_bytes() == 8);
  CHECK(a.state().watermark == 4);
  a.take();
  const auto refused = vote_of(a, offer({9, "l2"}, 3, "late"));
  CHECK(refused.watermark == 4);
  CHECK(refused.ballot == ballot_num{1, "l1"});
  const auto reply = promise_of(a, ask({10, "l1"}));
  CHECK(reply.watermark == 4);
  CHECK(reply.accepted.size() == 2);
  a.on(tell_watermark(100));
  CHECK(a.highest_accepted(1) == 99); // a read must wait for what was dropped, too
  a.take();
  a.on(read_probe{"r1", 8, 1});
  CHECK(only<read_probe_reply>(a.take().send).at(0).highest == 99);
}

TEST_CASE("acceptor: a reader is told the highest slot with a vote, or collected, in its version") {
  acceptor a{{.id = "a1"}, {}};
  const auto told = [&](config_version version) {
    a.on(read_probe{"r1", 3, version});
    return only<read_probe_reply>(a.take().send).at(0).highest;
  };
  CHECK(told(1) == 0);
  for (const slot_num slot : {2, 7, 4})
    a.on(offer({1, "l1"}, slot, "A"));
  CHECK(told(1) == 7);
  CHECK(told(2) == 0);
  a.on(tell_watermark(9));
  CHECK(told(1) == 8);
}

TEST_CASE("acceptor: a large state is told in pages that together are complete") {
  acceptor a{{.id = "a1", .page_bytes = 200}, {}};
  for (slot_num slot = 1; slot <= 10; ++slot)
    a.on(offer({1, "l1"}, slot * 3, "0123456789"));
  a.take();
  std::set<slot_num> seen;
  slot_num from = 4;
  int pages = 0;
  for (; from != 0; ++pages) {
    const auto page = promise_of(a, ask({2, "l1"}, 1, from));
    CHECK(page.from_slot == from);
    for (const auto& p : page.accepted)
      CHECK(seen.insert(p.slot).second);
    from = page.next_slot;
  }
  CHECK(pages > 2);
  CHECK(seen.size() == 9);
  CHECK(*seen.begin() == 6);
}

TEST_CASE(
    "acceptor: passes on the sign of life of the leader that it is promised to, of no other") {
  acceptor a{{.id = "a1"}, {}};
  a.on(ask({3, "l1"}));
  const auto told = [&] {
    return std::get<acceptor_vitals>(only<pong>(a.take().send).at(0).state);
  };
  leader_vitals promised{.ballot = {3, "l1"}};
  a.on(ping{"l1", 41, promised}); // not active: scouting in vain does not count
  CHECK(told().leader_ping == 0);
  promised.active = true;
  a.on(ping{"l1", 41, promised});
  const auto after = told();
  CHECK(after.leader_ping == 41);
  CHECK(after.ballot == ballot_num{3, "l1"});
  a.on(ping{"l2", 99, leader_vitals{.ballot = {2, "l2"}, .active = true}});
  CHECK(told().leader_ping == 41);
}

TEST_CASE("acceptor: D2, its persisted records add up to its state, whatever has happened") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    acceptor a{{.id = "a1"}, {}};
    acceptor_state replayed;
    for (int i = 0; i < 60; ++i) {
      const ballot_num ballot{random.below(5), random.below(2) == 0 ? "l1" : "l2"};
      const auto slot = 1 + random.below(8);
      const auto version = 1 + random.below(2);
      switch (random.below(6)) {
      case 0:
        a.on(tell_watermark(random.below(6)));
        break;
      case 1:
      case 2:
        a.on(ask(ballot, version));
        break;
      default: // one value per ballot and slot, as leaders promise
        a.on(offer(ballot, slot, (to_string(ballot) + std::to_string(slot)).c_str(), version));
      }
      for (const auto& record : a.take().persist)
        replayed.apply(record);
      REQUIRE(same(replayed, a.state()));
      REQUIRE(acceptor({.id = "a1"}, replayed).accepted_bytes() == a.accepted_bytes());
    }
  }
}
