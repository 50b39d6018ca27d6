// What a server of engine `simple` wrote down is what it recovers, in bounded space.
#include "scratch.hpp"

#include "consensus/simple/consensus.hpp"
#include "log_fixture.hpp"
#include "seeds.hpp"
#include "simple_fixture.hpp"
#include "storage/simple_codec.hpp"
#include "storage/simple_digest.hpp"

using namespace pmmc::simple;
using namespace pmmc::storage;
using pmmc::command;
using pmmc::slot_num;
using scratch::contains;
using scratch::error_of;

namespace {

constexpr segment_sizes small{4096, 4096};

} // namespace

TEST_CASE("simple: a new server has promised nothing, and forgotten nothing") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  CHECK(s.recovered.votes.empty());
  CHECK(s.recovered.min == 1);
  CHECK(s.writes() == 1);
  s.write({});
  CHECK(s.writes() == 1);
  s.restart();
}

TEST_CASE("simple: promises and proposals of many slots come back, no-ops and number 0 as well") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  s.write({promise_record{1, {0}}, promise_record{7, {5}}, accept_record{3, {{2}, {}}},
           accept_record{4, {{0}, command{std::string("\0\xff", 2)}}},
           accept_record{5, {{9}, command{std::string(100'000, 'l')}}}});
  CHECK(s.writes() == 2);
  s.restart();
  CHECK(s.recovered.votes.size() == 5);
  CHECK(s.recovered.votes.at(1).promised == proposal_number{0});
  CHECK_FALSE(s.recovered.votes.at(1).highest.has_value());
  CHECK(s.recovered.votes.at(3).highest->value.is_noop());
  CHECK(s.recovered.votes.at(5).highest->value.size() == 100'000);
  s.promise(3, 6);
  s.restart();
  CHECK(s.recovered.votes.at(3).promised == proposal_number{6});
  CHECK(s.recovered.votes.at(3).highest->number == proposal_number{2}); // what it accepted stays
  s.accept(3, 6, "another");
  s.accept(7, 8, "without a prepare");
  s.restart();
  CHECK(s.recovered.votes.at(3).highest->value == command{"another"});
  CHECK(s.recovered.votes.at(7).promised == proposal_number{8});
}

TEST_CASE(
    "simple: a number that is promised again, and a proposal accepted again, change nothing") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  s.accept(1, 4, "v");
  s.promise(1, 4);
  s.accept(1, 4, "v");
  s.promise(2, 4);
  s.promise(2, 4);
  s.restart();
}

TEST_CASE("simple: what was forgotten stays away, through restarts and crashes") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  for (slot_num slot = 1; slot <= 50; ++slot) {
    s.promise(slot, 1);
    s.accept(slot, 1, "v");
  }
  s.write({collect_record{20}, accept_record{51, {{1}, command{"w"}}}});
  s.restart();
  CHECK(s.recovered.min == 20);
  CHECK(s.recovered.votes.begin()->first == 20);
  s.write({collect_record{40}, collect_record{45}, collect_record{44}, promise_record{45, {9}}});
  s.restart();
  CHECK(s.recovered.votes.begin()->first == 45);
  s.collect(1000);
  s.restart();
  CHECK(s.recovered.votes.empty());
}

TEST_CASE("simple: random histories end as they should") {
  for_seeds(40, [](std::uint64_t seed) {
    scratch::directory tmp;
    simple_fixture s{tmp / "s1", seed % 2 == 0 ? small : segment_sizes{4096, 16384}};
    s.live_through(simple_history{seed, seed % 5 == 0 ? 5000U : 400U}, 300);
  });
}

TEST_CASE("simple: a server's records of all slots of one take() are one write, and what it wrote "
          "down is its acceptor's state") {
  const server_core::settings options{.servers = {"s0", "s1", "s2"}, .id = "s0", .seed = 1};
  scratch::directory tmp;
  simple_fixture s{tmp / "s1"};
  server_core core{options, s.recovered};
  for (const auto* text : {"a", "b", "c", "d"})
    core.propose(command{text});
  for (slot_num slot = 1; slot <= 9; ++slot)
    core.on(prepare{"s1", slot, {100}});
  for (slot_num slot = 2; slot <= 6; ++slot)
    core.on(accept{"s1", slot, {{100}, command{std::string(3000, 'v')}}});
  const auto persist = core.take().persist;
  CHECK(persist.size() >= 4 + 9 + 5);
  s.write(persist);
  CHECK(s.writes() == 2);
  s.restart();
  CHECK(s.recovered == core.own_acceptor().state());
  const server_core again{options, s.recovered};
  CHECK(again.own_acceptor().end() == 10);
}

TEST_CASE("simple: segments go when all servers are done with their slots, one by one, and what "
          "counts stays") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  for (slot_num slot = 1; slot <= 200; ++slot) {
    s.promise(slot, slot);
    s.accept(slot, slot, std::string(300, 'v'));
    if (slot % 10 == 0) {
      s.collect(slot - 10);
      s.restart();
    }
  }
  CHECK(scratch::segments(tmp / "s1").size() <= 4);
  CHECK(s.recovered.min == 190);
  CHECK(s.recovered.votes.begin()->first == 190);
  for (int i = 0; i < 50; ++i)
    s.write({collect_record{201}, promise_record{201, {1000}}});
  CHECK(scratch::segments(tmp / "s1").size() <= 2);
  s.restart();
}

TEST_CASE("log: of segments that many slots needed a few are kept to be used again") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  for (slot_num slot = 1; slot <= 60; ++slot) // nothing is forgotten meanwhile
    s.accept(slot, 1, std::string(900, 'v'));
  REQUIRE(scratch::segments(tmp / "s1").size() >= 12);
  s.collect(61);
  for (int i = 0; i < 20; ++i) // each gives back one
    s.promise(61, i + 1);
  CHECK(scratch::segments(tmp / "s1").size() <= 2);
  CHECK(scratch::spares(tmp / "s1").size() == 8);
  s.restart();
}

TEST_CASE("simple: a segment with a promise alone in it stays as long as that counts") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  s.promise(100, 7);
  for (slot_num slot = 1; slot <= 30; ++slot) {
    s.accept(slot, 1, std::string(900, 'v'));
    s.collect(slot);
  }
  CHECK(scratch::segments(tmp / "s1").size() >= 7);
  s.restart();
  CHECK(s.recovered.votes.at(100).promised == proposal_number{7});
}

TEST_CASE("simple: the disk holds what counts and a few segments, however much went through it") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", segment_sizes{4096, 65536}};
  std::uint64_t most = 0;
  for (slot_num slot = 1; slot <= 40'000;) {
    std::vector<record> records;
    for (int i = 0; i < 100; ++i, ++slot) {
      records.emplace_back(promise_record{slot, {slot}});
      records.emplace_back(accept_record{slot, {{slot}, command{std::string(200, 'v')}}});
    }
    records.emplace_back(collect_record{slot - std::min<slot_num>(slot - 1, 500)});
    s.write(records);
    most = std::max(most, disk_bytes(tmp / "s1" / "log"));
  }
  CHECK(most <= 16 * 65536); // eight of them spares
  s.restart();
}

TEST_CASE(
    "simple: where a server is down and nothing is forgotten, what was replaced does not pile "
    "up") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  s.promise(1, 3);
  s.accept(2, 3, std::string(3000, 'o'));
  s.accept(3, 1, std::string(1000, 'n'));
  s.promise(2, 4); // in another segment than what was accepted
  std::uint64_t most = 0;
  for (std::uint64_t number = 1; number <= 400; ++number) {
    s.promise(3, 2 * number);
    s.accept(3, 2 * number, std::string(700, 'v'));
    s.promise(4, number);
    most = std::max(most, disk_bytes(tmp / "s1" / "log"));
    if (number % 50 == 0)
      s.restart();
  }
  CHECK(most <= 2 * 4000 + 18 * small.usual_bytes); // spares, and what a write adds
  s.restart();
  CHECK(s.recovered.votes.at(1).promised == proposal_number{3});
  CHECK(s.recovered.votes.at(2).promised == proposal_number{4});
  CHECK(s.recovered.votes.at(2).highest->value.size() == 3000);
}

TEST_CASE("simple: of many slots with a promise or a no-op each the log is not written again and "
          "again") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  constexpr slot_num slots = 8000;
  for (slot_num slot = 1; slot <= slots;) {
    std::vector<record> records;
    for (; records.size() < 100; slot += 2) {
      records.push_back(promise_record{slot, {1}});
      records.push_back(accept_record{slot + 1, {{1}, {}}});
    }
    s.write(records);
  }
  for (std::uint64_t number = 2; number < 102; ++number)
    s.promise(1, number);
  CHECK(s.writes() <= 1 + slots / 100 + 100);
  CHECK(disk_bytes(tmp / "s1" / "log") <= 2 * slots * entry_bytes(9, 8) + 18 * small.usual_bytes);
  s.restart();
}

TEST_CASE("simple: a write that is larger than a segment gets one of its size") {
  scratch::directory tmp;
  simple_fixture s{tmp / "s1", small};
  s.accept(1, 1, std::string(200'000, 'l'));
  s.accept(2, 1, "small");
  std::vector<record> many;
  for (slot_num slot = 3; slot <= 1000; ++slot)
    many.push_back(promise_record{slot, {6}});
  s.write(many);
  CHECK(s.writes() == 4);
  s.restart();
  s.collect(1001);
  for (int i = 0; i < 5; ++i)
    s.append("after");
  CHECK(disk_bytes(tmp / "s1" / "log") <= 10 * small.usual_bytes);
  s.restart();
}

TEST_CASE("simple: the digest is that of the state, whatever order and repetitions made it") {
  const auto value = [](std::uint64_t number, const std::string& text) {
    return encode(proposal_number{number}) + text;
  };
  const auto accept = [&](simple_digest& d, slot_num slot, std::uint64_t number,
                          const std::string& text) {
    const auto bytes = value(number, text);
    const std::string_view piece{bytes};
    d.set_accepted(slot, {number}, byte_pieces{&piece, 1});
  };
  simple_digest a;
  a.set_min(1);
  a.set_promise(1, {3});
  accept(a, 1, 3, "v");
  a.set_promise(1, {5});
  a.set_promise(2, {0});
  simple_digest b;
  b.set_promise(2, {0});
  b.set_promise(1, {5});
  accept(b, 1, 1, "older");
  accept(b, 1, 3, "v"); // written again behind the promise
  b.set_min(1);
  CHECK(a.value() == b.value());
  CHECK(a.entry_bytes() == b.entry_bytes());
  CHECK(a.entry_bytes() == 2 * entry_bytes(9, 8) + entry_bytes(9, 9));
  CHECK(b.promised(1) == proposal_number{5});
  CHECK_FALSE(b.promised(3).has_value());

  CHECK(a.live_slot(promise_key(1), value(5, "")) == 1);
  CHECK_FALSE(a.live_slot(promise_key(1), value(3, "")).has_value());
  CHECK(a.live_slot(accept_key(1), value(3, "v")) == 1);
  CHECK_FALSE(a.live_slot(accept_key(1), value(3, "w")).has_value());
  CHECK_FALSE(a.live_slot(accept_key(2), value(0, "")).has_value());
  CHECK_FALSE(a.live_slot(promise_key(3), value(0, "")).has_value());
  CHECK_FALSE(a.live_slot(min_key, encode_slot(1)).has_value());
  accept(a, 1, 5, "w"); // it tells the promise as well
  CHECK_FALSE(a.live_slot(promise_key(1), value(5, "")).has_value());
  CHECK(a.entry_bytes() == entry_bytes(9, 8) + entry_bytes(9, 9));
  a.set_min(3);
  CHECK(a.entry_bytes() == 0);
  CHECK_FALSE(a.live_slot(accept_key(1), value(5, "w")).has_value());
}

TEST_CASE("simple: keys and values have one form, and a part of one is none") {
  const auto key = promise_key(77);
  CHECK(parse_promise_key(key) == 77);
  CHECK_FALSE(parse_accept_key(key).has_value());
  CHECK(parse_accept_key(accept_key(~slot_num{0})) == ~slot_num{0});
  CHECK_FALSE(parse_promise_key(key + "x").has_value());
  const auto number = encode(proposal_number{numbering::largest});
  CHECK(decode_number(number) == proposal_number{numbering::largest});
  CHECK(parse_proposal(number) == proposal{{numbering::largest}, {}});
  CHECK(parse_proposal(number + "a command")->value == command{"a command"});
  for (std::size_t part = 0; part < number.size(); ++part) {
    CHECK_FALSE(parse_promise_key(key.substr(0, part)).has_value());
    CHECK_FALSE(decode_number(number.substr(0, part)).has_value());
    CHECK_FALSE(parse_proposal(number.substr(0, part)).has_value());
  }
  CHECK_FALSE(decode_number(number + "x").has_value());
}
