#include "base/codec.hpp"
#include "base/random.hpp"
#include "core_helpers.hpp"
#include "service/sessions.hpp"

#include <doctest/doctest.h>

using namespace pmmc;
using namespace pmmc::test;

namespace {

struct bench {
  session_table table;
  log_machine machine;
  slot_num slot = 1;

  std::vector<response> apply(const request& r) {
    std::vector<response> responses;
    const auto run = [this](request_kind, std::string_view op) { return machine.apply(op); };
    table.apply({r.kind, r.session, r.sequence, r.acknowledged, r.op}, slot++, 0, run, responses);
    return responses;
  }
  session_id open() {
    const auto answer = apply(opening(99)).at(0);
    CHECK(answer.sequence == 99);
    byte_reader body{answer.body};
    return body.varint();
  }
  std::string log() const { return machine.query(""); }
  std::string bytes() const {
    std::string out;
    table.write(out);
    return out;
  }
};

} // namespace

TEST_CASE("sessions: X1, a request decided twice has one effect and one answer") {
  bench b;
  const auto s = b.open();
  const auto first = b.apply(operation(s, 1, "a"));
  b.apply(operation(s, 2, "b"));
  const auto again = b.apply(operation(s, 1, "a"));
  CHECK(b.log() == "a,b,");
  REQUIRE(again.size() == 1);
  CHECK(again[0] == first.at(0));
  CHECK(b.apply(operation(s, 2, "b")).at(0).body == "a,b,"); // the last one, too
  CHECK(b.log() == "a,b,");
  CHECK(b.table.recorded(s, 1) == first[0]);
  CHECK_FALSE(b.table.recorded(s, 3));
}

TEST_CASE("sessions: a request decided before its predecessor waits for it") {
  bench b;
  const auto s = b.open();
  CHECK(b.apply(operation(s, 3, "c")).empty());
  CHECK(b.apply(operation(s, 2, "b")).empty());
  CHECK(b.apply(operation(s, 2, "b")).empty()); // decided twice while it waits
  CHECK(b.table.holds_back(s, 2));
  CHECK(b.log().empty());
  const auto all = b.apply(operation(s, 1, "a"));
  CHECK(b.log() == "a,b,c,");
  REQUIRE(all.size() == 3);
  CHECK(all[2].sequence == 3);
  CHECK_FALSE(b.table.holds_back(s, 2));
}

TEST_CASE("sessions: a refusal takes its number's place, whenever it is decided") {
  bench b;
  const auto s = b.open();
  const request refusal{request_kind::refusal, s, 2, 0, "too large"};
  CHECK(b.apply(operation(s, 3, "c")).empty());
  CHECK(b.apply(refusal).empty()); // it waits, as others do
  bench restored;
  REQUIRE(restored.table.read(b.bytes()));
  for (auto* one : {&b, &restored}) {
    const auto all = one->apply(operation(s, 1, "a"));
    REQUIRE(all.size() == 3);
    CHECK(all[1] == response{s, 2, reply_status::refused, "too large"});
    CHECK(all[2].status == reply_status::ok);
    CHECK(one->log() == "a,c,");
    CHECK(one->apply(operation(s, 2, "b")).at(0) == all[1]); // X1: whatever comes under its number
    CHECK(one->log() == "a,c,");
  }
}

TEST_CASE("sessions: what deciding a request again would answer is known before") {
  bench b;
  const auto s = b.open(); // in slot 1
  const auto first = b.apply(operation(s, 1, "a"));
  b.apply(operation(s, 2, "b", 1));
  const auto known_answer = [&](request r) { return b.table.known_answer(r, 9); };
  CHECK(known_answer(operation(s, 1, "a"))->status == reply_status::refused);
  CHECK(known_answer(operation(s, 2, "b"))->body == "a,b,");
  CHECK_FALSE(known_answer(operation(s, 3, "c")));
  CHECK_FALSE(known_answer({request_kind::end_session, s, 3, 0, {}}));
  CHECK_FALSE(known_answer({request_kind::open_session, 0, 77, 0, {}}));
  CHECK_FALSE(known_answer(operation(session_opened_at(9, 0), 1, "a"))); // slot 9 may open it
  const auto never = session_opened_at(8, 3);
  CHECK(known_answer(operation(never, 1, "a"))->status == reply_status::session_ended);
  CHECK(known_answer({request_kind::end_session, never, 1, 0, {}})->status == reply_status::ok);
}

TEST_CASE("sessions: acknowledged answers are dropped, and a later retry is told so") {
  bench b;
  const auto s = b.open();
  b.apply(operation(s, 1, "a"));
  b.apply(operation(s, 2, "b", 1));
  CHECK_FALSE(b.table.recorded(s, 1));
  CHECK(b.table.recorded(s, 2));
  const auto late = b.apply(operation(s, 1, "a"));
  CHECK(late.at(0).status == reply_status::refused);
  CHECK(b.log() == "a,b,");
  b.apply(operation(s, 3, "", 2));
  CHECK(b.table.size_bytes() == b.log().size()); // the one answer that is left
}

TEST_CASE("sessions: an ended session answers so, also to what it held back") {
  bench b;
  const auto s = b.open();
  b.apply(operation(s, 2, "held"));
  const auto ended = b.apply({request_kind::end_session, s, 3, 0, ""});
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].sequence == 2);
  CHECK(ended[0].status == reply_status::session_ended);
  CHECK(ended[1].status == reply_status::ok);
  CHECK(b.apply(operation(s, 1, "a")).at(0).status == reply_status::session_ended);
  CHECK(b.apply({request_kind::end_session, s, 3, 0, ""}).at(0).status == reply_status::ok);
  CHECK(b.log().empty());
  CHECK(b.table.size() == 0);
  CHECK(b.table.size_bytes() == 0);
}

TEST_CASE("sessions: how far a client may run ahead is limited") {
  bench b;
  const auto s = b.open();
  CHECK(b.apply(operation(s, max_session_window, "last")).empty());
  CHECK(b.apply(operation(s, max_session_window + 1, "too far")).at(0).status ==
        reply_status::put_off);
}

TEST_CASE("sessions: answers that the client does not acknowledge are limited") {
  bench b;
  const auto s = b.open();
  for (std::uint64_t i = 1; i <= max_session_window; ++i)
    CHECK(b.apply(operation(s, i, "x")).at(0).status == reply_status::ok);
  const auto next = max_session_window + 1;
  CHECK(b.apply(operation(s, next, "x")).at(0).status == reply_status::put_off);
  CHECK(b.apply(operation(s, next, "x", max_session_window / 2)).at(0).status == reply_status::ok);
}

TEST_CASE("sessions: what was held back is refused, too, when answers have taken the room") {
  bench b;
  const auto s = b.open();
  for (std::uint64_t i = 2; i <= 4; ++i)
    CHECK(b.apply(operation(s, i, "x")).empty());
  const std::string large(max_session_bytes * 3 / 5, 'x'); // as each answer is from now on
  const auto answers = b.apply(operation(s, 1, large));
  REQUIRE(answers.size() == 3);
  CHECK(answers[1].status == reply_status::ok);
  CHECK(answers[2].sequence == 3);
  CHECK(answers[2].status == reply_status::put_off);
  CHECK_FALSE(b.table.holds_back(s, 3)); // so that it can be asked for again
  CHECK(b.table.holds_back(s, 4));
  const auto length = b.log().size();
  const auto again = b.apply(operation(s, 3, "x", 2));
  REQUIRE(again.size() == 2);
  CHECK(again[1].sequence == 4);
  CHECK(b.log().size() == length + 4);
}

TEST_CASE("sessions: the order in which they give way survives a snapshot, and a copy") {
  for (const bool restored : {true, false}) {
    CAPTURE(restored);
    bench b;
    std::vector<session_id> ids;
    for (std::size_t i = 0; i < max_sessions; ++i)
      ids.push_back(b.open());
    b.apply(operation(ids[0], 1, "a")); // now the order is 1, 2, …, 0
    bench copy;
    copy.slot = b.slot;
    copy.machine = b.machine;
    if (restored)
      REQUIRE(copy.table.read(b.bytes()));
    else
      copy.table = b.table;
    for (auto* each : {&b, &copy}) {
      each->apply(operation(ids[1], 1, "b")); // written to while it is shared
      each->open();
      each->open();
      each->open();
      each->apply(operation(ids[0], 2, "c"));
      CHECK_FALSE(each->table.recorded(ids[2], 1));
    }
    CHECK(copy.bytes() == b.bytes());
    for (std::size_t i : {2, 3, 4})
      CHECK(copy.apply(operation(ids[i], 1, "")).at(0).status == reply_status::session_ended);
    for (std::size_t i : {0, 1, 5})
      CHECK(copy.apply(operation(ids[i], 9, "")).empty()); // held back: it is there
  }
}

TEST_CASE("sessions: limits of one's own hold, also after a snapshot") {
  bench b;
  b.table = session_table{{.sessions = 2, .window = 3, .bytes = 100}};
  REQUIRE(b.table.read(b.bytes()));
  const auto first = b.open();
  const auto second = b.open();
  CHECK(b.apply(operation(second, 3, "held")).empty());
  CHECK(b.apply(operation(second, 4, "far")).at(0).status == reply_status::put_off);
  b.open();
  CHECK(b.apply(operation(first, 1, "a")).at(0).status == reply_status::session_ended);
  CHECK(b.apply(operation(second, 1, std::string(101, 'x'))).at(0).status == reply_status::ok);
  CHECK(b.apply(operation(second, 2, "full")).at(0).status == reply_status::put_off);
}

TEST_CASE("sessions: what was held back and executed takes no room any more") {
  bench b;
  b.table = session_table{{.sessions = 2, .window = 9, .bytes = 100}};
  const auto s = b.open();
  const auto apply = [&](std::uint64_t sequence) {
    std::vector<response> responses;
    const auto run = [](request_kind, std::string_view) { return std::string{}; };
    b.table.apply({request_kind::operation, s, sequence, sequence - 1, std::string(40, 'x')},
                  b.slot++, 0, run, responses);
    return responses;
  };
  for (std::uint64_t i = 1; i <= 19; i += 2) {
    CHECK(apply(i + 1).empty()); // too early
    CHECK(apply(i).size() == 2);
  }
}

TEST_CASE("sessions: what takes their room still does after a snapshot") {
  bench b;
  b.table = session_table{{.sessions = 2, .window = 9, .bytes = 100}};
  const auto answers = b.open();
  const auto ahead = b.open();
  b.apply(operation(answers, 1, std::string(101, 'x')));
  b.apply(operation(ahead, 2, std::string(101, 'x')));
  bench restored;
  restored.table = session_table{{.sessions = 2, .window = 9, .bytes = 100}};
  REQUIRE(restored.table.read(b.bytes()));
  for (auto* one : {&b, &restored}) {
    CHECK(one->apply(operation(answers, 2, "a")).at(0).status == reply_status::put_off);
    const auto further = one->apply(operation(ahead, 3, "b"));
    REQUIRE(further.size() == 1);
    CHECK(further[0].status == reply_status::put_off);
  }
  CHECK(restored.bytes() == b.bytes());
}

TEST_CASE("sessions: the least recently used one gives way when there are too many") {
  bench b;
  const auto first = b.open();
  const auto second = b.open();
  for (std::size_t i = 2; i < max_sessions; ++i)
    b.open();
  b.apply(operation(first, 1, "a")); // now the second is the one that was used least recently
  const auto another = b.open();
  CHECK(b.table.size() == max_sessions);
  CHECK(b.apply(operation(second, 1, "b")).at(0).status == reply_status::session_ended);
  CHECK(b.apply(operation(first, 2, "c")).at(0).status == reply_status::ok);
  CHECK(b.apply(operation(another, 1, "d")).at(0).status == reply_status::ok);
}

TEST_CASE("sessions: X2, all of it survives being written and read") {
  bench b;
  const auto s = b.open();
  const auto t = b.open();
  b.apply(operation(s, 1, "a"));
  b.apply(operation(s, 2, "b"));
  b.apply(operation(t, 5, "held"));
  bench copy;
  REQUIRE(copy.table.read(b.bytes()));
  CHECK(copy.bytes() == b.bytes());
  CHECK(copy.table.size_bytes() == b.table.size_bytes());
  CHECK(copy.table.recorded(s, 2) == b.table.recorded(s, 2));
  CHECK(copy.table.holds_back(t, 5));
}

TEST_CASE("sessions: a copy is not changed by what happens to the original") {
  bench b;
  const auto s = b.open();
  b.apply(operation(s, 1, "a"));
  const auto copy = b.table;
  const auto before = b.bytes();
  b.apply(operation(s, 2, "b", 1));
  std::string after;
  copy.write(after);
  CHECK(after == before);
  CHECK(copy.recorded(s, 1));
}

TEST_CASE("sessions: damaged bytes are refused and leave the table empty") {
  bench b;
  const auto s = b.open();
  b.apply(operation(s, 1, "a"));
  b.apply(operation(s, 3, "c"));
  const auto good = b.bytes();
  for (std::size_t size = 0; size < good.size(); ++size) {
    session_table table;
    CHECK_FALSE(table.read(std::string_view{good}.substr(0, size)));
    CHECK(table.size() == 0);
  }
  CHECK_FALSE(session_table{}.read(good + "x"));
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    auto bytes = good;
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    session_table table;
    if (!table.read(bytes))
      CHECK(table.size() == 0);
  }
}
