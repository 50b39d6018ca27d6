// The learner (Paxos Made Simple, sections 2.3 and 3), and when it asks.
#include "consensus/simple/learner.hpp"
#include "consensus/simple/peers.hpp"
#include "consensus/simple/stalls.hpp"
#include "simple/helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::simple;
using namespace pmmc::simple::test;

namespace {

/// "3=C 4=D"
std::string text_of(const std::vector<chosen>& values) {
  std::string text;
  for (const auto& c : values)
    text += (text.empty() ? "" : " ") + std::to_string(c.slot) + "=" + std::string{c.value.bytes()};
  return text;
}

std::string text_of(const std::vector<command>& values) {
  std::string text;
  for (const auto& c : values)
    text += c.bytes();
  return text;
}

} // namespace

TEST_CASE("3, R2: values are told in the order of the slots, each once, without gaps") {
  learner l{1, 100};
  CHECK(l.learn(2, command{"B"}));
  CHECK(l.learn(4, command{"D"}));
  CHECK(l.take().empty());
  CHECK(l.end() == 5);
  CHECK(l.learn(1, command{"A"}));
  CHECK(text_of(l.take()) == "1=A 2=B");
  CHECK(l.slot_out() == 3);
  CHECK_FALSE(l.learn(2, command{"B"}));
  CHECK_FALSE(l.learn(4, command{"D"}));
  CHECK(l.learn(3, command{"C"}));
  CHECK(text_of(l.take()) == "3=C 4=D");
}

TEST_CASE("learner: what is too far ahead is not kept, but known to be in use") {
  learner l{1, 3};
  CHECK(l.learn(3, command{"C"}));
  CHECK_FALSE(l.learn(4, command{"D"}));
  CHECK(l.find(4) == nullptr);
  CHECK(l.end() == 5);
  l.learn(1, command{"A"});
  CHECK(l.learn(4, command{"D"}));
}

TEST_CASE("learner: tells others pages of what it has told, until it is to forget it") {
  learner l{1, 100};
  for (slot_num slot = 1; slot <= 5; ++slot)
    l.learn(slot, command{std::string(1, static_cast<char>('@' + slot))});
  l.learn(7, command{"G"});
  CHECK(text_of(l.page(1, 1'000)) == "ABCDE");
  CHECK(text_of(l.page(4, 1'000)) == "DE");
  CHECK(text_of(l.page(2, 40)) == "BC");
  CHECK(text_of(l.page(2, 1)) == "B");
  l.forget_below(4);
  CHECK(l.first() == 4);
  CHECK(l.find(3) == nullptr);
  CHECK(text_of(l.page(4, 1'000)) == "DE");
  l.forget_below(2);
  CHECK(l.first() == 4);
}

TEST_CASE("learner: goes on behind a snapshot that was installed") {
  learner l{1, 100};
  l.learn(1, command{"A"});
  l.learn(5, command{"E"});
  l.learn(7, command{"G"});
  l.install(5);
  CHECK(text_of(l.take()) == "5=E");
  CHECK(l.slot_out() == 6);
  CHECK(l.first() == 5);
  CHECK(l.find(1) == nullptr);
  l.install(3); // an old one
  CHECK(l.slot_out() == 6);
}

TEST_CASE("Min: the least that a server is done with, once all of them have said it") {
  peers p{group_of(3)};
  const auto says = [&](const char* server, slot_num done, slot_num slot_out = 0) {
    p.on(announce{server, done, slot_out, 0});
  };
  CHECK(p.min(9) == 0);
  says("s1", 7);
  says("stranger", 1);
  CHECK(p.min(9) == 0);
  says("s2", 8);
  CHECK(p.min(9) == 7);
  CHECK(p.min(3) == 3);
  says("s1", 5); // an old message
  CHECK(p.min(9) == 7);
  CHECK(peers{group_of(1)}.min(4) == 4);
}

TEST_CASE("peers: who is ahead is asked, but not if it cannot be reached") {
  peers p{group_of(3)};
  p.on(announce{"s1", 1, 5, 9});
  p.on(announce{"s2", 1, 7, 7});
  CHECK(p.ahead_of(5) == std::vector<role_id>{"s2"});
  CHECK(p.ahead_of(4).size() == 2);
  CHECK(p.end() == 9);
  p.on_peer_down("s2");
  CHECK(p.ahead_of(4) == std::vector<role_id>{"s1"});
  p.on(announce{"s2", 1, 7, 7});
  CHECK(p.ahead_of(4).size() == 2);
}

TEST_CASE("2.3: after a while without progress others are asked, then proposers have to find out") {
  stalls s{10, 1};
  const auto next = [&](slot_num slot_out, slot_num end, bool has_somebody) {
    for (unsigned ticks = 1; ticks < 100; ++ticks)
      if (const auto what = s.on_tick(slot_out, end, has_somebody); what != remedy::none) {
        CHECK(ticks >= 10);
        return what;
      }
    return remedy::none;
  };
  CHECK(next(3, 3, true) == remedy::none); // nothing is missing
  CHECK(next(3, 5, true) == remedy::ask);
  CHECK(next(3, 5, true) == remedy::fill);
  CHECK(next(3, 5, true) == remedy::ask);
  CHECK(next(3, 5, false) == remedy::fill);
  CHECK(next(3, 5, false) == remedy::fill);
  CHECK(next(3, 5, true) == remedy::ask);
  CHECK(next(4, 5, true) == remedy::ask); // there was progress
}
