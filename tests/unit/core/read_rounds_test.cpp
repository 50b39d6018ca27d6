// Rounds of reads alone: the test plays the acceptors, and performs the slots.
#include "consensus/pmmc/read_rounds.hpp"
#include "core_helpers.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct reads_bench {
  explicit reads_bench(read_rounds::settings options = {}) : rounds(with_id(options), 40) {}

  static read_rounds::settings with_id(read_rounds::settings options) {
    options.id = "r1";
    return options;
  }
  void add(std::uint64_t number, std::string op = {}) {
    query q;
    q.number = number;
    q.op = std::move(op);
    rounds.add("c1", std::move(q), state.slot_out(), sent);
  }
  void reply(role_id acceptor, slot_num highest, std::uint64_t round = 41) {
    rounds.on(read_probe_reply{acceptor, round, 1, highest}, state, sent);
  }
  std::vector<query_reply> replies() {
    auto found = only<query_reply>(sent);
    sent.clear();
    return found;
  }

  replicated_state state{std::make_unique<log_machine>(), config_history{make_config()}, 8};
  std::vector<envelope> sent;
  read_rounds rounds;
};

} // namespace

TEST_CASE("read rounds: one at a time, and what comes meanwhile waits for the next") {
  reads_bench b;
  CHECK(!b.rounds.start(b.state, 1, b.sent)); // nobody asks
  b.add(1);
  CHECK(b.rounds.start(b.state, 1, b.sent));
  CHECK(only<read_probe>(b.sent).size() == 3);
  b.add(2);
  CHECK(!b.rounds.start(b.state, 1, b.sent));
  b.sent.clear();
  b.reply("a1", 0);
  b.reply("a1", 0); // the same one again is no majority
  CHECK(b.replies().empty());
  b.reply("a2", 0);
  const auto answered = b.replies();
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].number == 1);
  CHECK(b.rounds.waiting() == 1);
  CHECK(b.rounds.start(b.state, 1, b.sent));
}

TEST_CASE("read rounds: an answer to another round, or of no acceptor, counts for nothing") {
  reads_bench b;
  b.add(1);
  b.rounds.start(b.state, 1, b.sent);
  b.sent.clear();
  b.reply("a1", 0);
  b.reply("a2", 0, 40); // of an earlier life
  b.reply("r2", 0);
  CHECK(b.replies().empty());
  CHECK(!b.rounds.accepted().contains("a2"));
}

TEST_CASE("read rounds: an acceptor of two configurations holds what it accepted in either") {
  reads_bench b;
  for (const slot_num highest : {9, 4})
    b.add(highest);
  b.rounds.start(b.state, 1, b.sent);
  b.reply("a1", 9); // in the former one, say
  b.reply("a1", 4);
  CHECK(b.rounds.accepted().at("a1") == 9);
}

TEST_CASE("read rounds: wait until the highest slot that a majority knows of is performed") {
  reads_bench b;
  b.add(1);
  b.rounds.start(b.state, 1, b.sent);
  b.sent.clear();
  b.reply("a1", 2);
  b.reply("a3", 1);
  CHECK(b.rounds.needed_slot_out() == 3);
  b.state.perform(batch_of({opening(1)}));
  b.rounds.answer(b.state, b.sent);
  CHECK(b.replies().empty());
  b.state.perform(batch_of({operation(std::uint64_t{1} << 16, 1, "a")}));
  CHECK(b.rounds.has_answers(b.state.slot_out()));
  b.rounds.answer(b.state, b.sent);
  const auto answered = b.replies();
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].body == "a,");
  CHECK(answered[0].slot == 3);
}

TEST_CASE("read rounds: ask again those that are silent, and give up in the end") {
  read_rounds::settings options;
  options.resend_ticks = 3;
  options.query_ticks = 5;
  reads_bench b{options};
  b.add(1);
  b.rounds.start(b.state, 10, b.sent);
  b.sent.clear();
  b.reply("a1", 0);
  b.rounds.on_tick(b.state, 12, b.sent);
  CHECK(b.sent.empty());
  b.rounds.on_tick(b.state, 13, b.sent);
  CHECK(only<read_probe>(b.sent).size() == 2);
  CHECK(only<read_probe>(b.sent, "a1").empty());
  b.sent.clear();
  b.rounds.on_tick(b.state, 15, b.sent);
  const auto answered = b.replies();
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].status == reply_status::unavailable);
  CHECK(answered[0].body.find("1 of 3 (needed: 2), no answer from a2") != std::string::npos);
  CHECK(b.rounds.waiting() == 0);
}

TEST_CASE("read rounds: who asks is told of each configuration how many have answered") {
  read_rounds::settings options;
  options.query_ticks = 5;
  reads_bench b{options};
  auto next = make_config();
  next.version = 2;
  next.first_slot = 5;
  next.acceptors[2] = {"a4", "host4:1", "disk4"};
  config_history both{make_config()};
  both.add(next);
  b.state = replicated_state{std::make_unique<log_machine>(), both, 8};
  b.add(1);
  b.rounds.start(b.state, 10, b.sent);
  for (const auto* id : {"a1", "a2", "a3"})
    b.reply(id, 0);
  b.sent.clear();
  b.rounds.on_tick(b.state, 15, b.sent);
  const auto answered = b.replies();
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].body == "no quorum: acceptors that answered replica r1: 3 of 3 (needed: 2); of "
                            "configuration 2, 0 of 3 (needed: 2), no answer from a1 at host1:1 a2 "
                            "at host2:1 a4 at host4:1");
}

TEST_CASE("read rounds: as many bytes wait as may, and no more") {
  read_rounds::settings options;
  options.max_query_bytes = 10;
  reads_bench b{options};
  b.add(1, "123456");
  b.add(2, "1234");
  CHECK(b.replies().empty());
  b.add(3, "1");
  const auto refused = b.replies();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].number == 3);
  CHECK(refused[0].status == reply_status::busy);
  b.rounds.start(b.state, 1, b.sent);
  b.reply("a1", 0);
  b.reply("a2", 0);
  CHECK(b.replies().size() == 2);
  b.add(4, "1234567890"); // those have gone
  CHECK(b.replies().empty());
}

TEST_CASE("read rounds: refuse what is too large or too much, and answer a turn's bytes at most") {
  read_rounds::settings options;
  options.max_op_bytes = 3;
  options.max_queries = 2;
  options.read_bytes = 1;
  reads_bench b{options};
  b.add(1, "long");
  auto refused = b.replies();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].status == reply_status::refused);
  b.add(2);
  b.add(3);
  b.add(4);
  refused = b.replies();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].number == 4);
  CHECK(refused[0].status == reply_status::busy);
  b.state.perform(batch_of({opening(1)}));
  b.state.perform(batch_of({operation(std::uint64_t{1} << 16, 1, "a")}));
  b.rounds.start(b.state, 1, b.sent);
  b.reply("a1", 0);
  b.reply("a2", 0);
  CHECK(b.replies().size() == 1);
  CHECK(b.rounds.has_answers(b.state.slot_out()));
  b.rounds.answer(b.state, b.sent);
  CHECK(b.replies().empty());
  b.rounds.begin_turn();
  b.rounds.answer(b.state, b.sent);
  CHECK(b.replies().size() == 1);
  CHECK(b.rounds.waiting() == 0);
}
