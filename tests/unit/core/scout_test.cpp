#include "consensus/pmmc/scout.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

const ballot_num mine{2, "l1"};

scout start(std::size_t acceptors = 3, slot_num from = 1, slot_num to = 0) {
  return scout{"l1", {share(make_config(acceptors)), mine, from, to}, 10};
}
p1b promise(const char* acceptor, std::vector<pvalue> accepted = {}, slot_num from = 1,
            slot_num next = 0) {
  return {acceptor, 1, mine, mine, from, next, 1, std::move(accepted)};
}
pvalue value(std::uint64_t seqnum, slot_num slot, const char* what) {
  return {{seqnum, "l2"}, slot, command{what}};
}
const adopted* won(const scout& s) {
  return s.outcome() ? std::get_if<adopted>(&*s.outcome()) : nullptr;
}

} // namespace

TEST_CASE("scout: asks every acceptor, and is adopted by a majority of distinct ones") {
  auto s = start(5);
  CHECK(only<p1a>(s.take().send).size() == 5);
  s.on(promise("a1"));
  s.on(promise("a1"));
  s.on(promise("a1"));
  s.on(promise("a2"));
  CHECK_FALSE(s.outcome());
  s.on(promise("a3"));
  REQUIRE(won(s));
  CHECK(won(s)->ballot == mine);
}

TEST_CASE("scout: an even number of acceptors needs more than half") {
  auto s = start(4);
  s.on(promise("a1"));
  s.on(promise("a2"));
  CHECK_FALSE(s.outcome());
  s.on(promise("a3"));
  CHECK(won(s));
}

TEST_CASE("scout: foreign and stale answers count for nothing") {
  auto s = start();
  s.on(promise("a1"));
  s.on(promise("a9"));
  auto other_version = promise("a2");
  other_version.version = 2;
  s.on(other_version);
  auto older = promise("a2");
  older.asked = older.ballot = {1, "l1"};
  s.on(older);
  auto lower = promise("a2"); // cannot be honest; still no promise
  lower.ballot = {1, "l1"};
  s.on(lower);
  auto preempted_before = promise("a2"); // a higher ballot, but in answer to an earlier scout
  preempted_before.asked = {1, "l1"};
  preempted_before.ballot = {9, "l2"};
  s.on(preempted_before);
  CHECK_FALSE(s.outcome());
}

TEST_CASE("scout: a higher ballot ends it, even after some promises") {
  auto s = start();
  s.on(promise("a1"));
  auto no = promise("a2");
  no.ballot = {2, "l2"};
  s.on(no);
  REQUIRE(s.outcome());
  CHECK(std::get<preempted>(*s.outcome()).ballot == ballot_num{2, "l2"});
  s.take();
  for (int i = 0; i < 30; ++i)
    s.on_tick();
  CHECK(s.take().empty());
}

TEST_CASE("scout: pmax takes the highest ballot of each slot, whichever order they come in") {
  auto s = start(5);
  s.on(promise("a1", {value(1, 1, "old"), value(1, 2, "b")}));
  s.on(promise("a2", {value(1, 2, "b"), value(0, 3, "c")}));
  s.on(promise("a3", {value(0, 1, "older"), value(2, 3, "newer")}));
  REQUIRE(won(s));
  CHECK(won(s)->pvalues.at(1).value == command{"old"});
  CHECK(won(s)->pvalues.at(2).value == command{"b"});
  CHECK(won(s)->pvalues.at(3).value == command{"newer"});
}

TEST_CASE("scout: asks for page after page, and counts an acceptor when it has the last") {
  auto s = start();
  s.take();
  s.on(promise("a1", {value(1, 1, "A")}, 1, 5));
  const auto more = only<p1a>(s.take().send, "a1");
  REQUIRE(more.size() == 1);
  CHECK(more[0].from_slot == 5);
  s.on(promise("a1", {value(1, 1, "A")}, 1, 5)); // the first page again
  CHECK(s.take().empty());
  s.on(promise("a2"));
  CHECK_FALSE(s.outcome());
  s.on(promise("a1", {value(1, 5, "E")}, 5));
  REQUIRE(won(s));
  CHECK(won(s)->pvalues.size() == 2);
}

TEST_CASE("scout: sends again to those that have not answered, from the page that is due") {
  auto s = start();
  s.on(promise("a1"));
  s.on(promise("a2", {}, 1, 7));
  s.take();
  for (int i = 0; i < 9; ++i)
    s.on_tick();
  CHECK(s.take().empty());
  s.on_tick();
  const auto sent = s.take().send;
  CHECK(only<p1a>(sent, "a1").empty());
  CHECK(only<p1a>(sent, "a2").at(0).from_slot == 7);
  CHECK(only<p1a>(sent, "a3").at(0).from_slot == 1);
}

TEST_CASE("scout: a range ends before to_slot") {
  auto s = start(3, 4, 8);
  CHECK(only<p1a>(s.take().send).at(0).from_slot == 4);
  s.on(promise("a1", {value(1, 4, "D"), value(1, 8, "H")}, 4, 9));
  s.on(promise("a2", {value(1, 7, "G")}, 4));
  REQUIRE(won(s));
  CHECK(won(s)->pvalues.size() == 2);
  CHECK(won(s)->to_slot == 8);
}

TEST_CASE("scout: drops what an acceptor holds below the watermark of another") {
  auto s = start();
  auto collected = promise("a1");
  collected.watermark = 6;
  s.on(collected);
  s.on(promise("a2", {value(1, 5, "E"), value(1, 6, "F")}));
  REQUIRE(won(s));
  CHECK(won(s)->watermark == 6);
  CHECK(won(s)->pvalues.size() == 1);
}
