#include "redis/stream.hpp"

#include <doctest/doctest.h>

using namespace pmmc::redis;

namespace {

constexpr std::string_view set_command = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200\r\n";

std::string set_of(char letter) {
  return std::string{set_command} + std::string(200, letter) + "\r\n";
}

/// A client that reads `each` bytes at a time, whatever the pieces are.
std::string read_all(stream& s, std::size_t each) {
  std::string got;
  while (s.has_output()) {
    std::string text;
    for (const auto piece : s.pieces(3))
      text += piece;
    REQUIRE(!text.empty());
    text.resize(std::min(each, text.size()));
    s.sent(text.size());
    got += text;
  }
  return got;
}

stream_limits tight(std::size_t input) {
  stream_limits limits;
  limits.max_input_bytes = input;
  limits.fair_bytes = 100;
  limits.note_drained_bytes = 64;
  return limits;
}

} // namespace

TEST_CASE("stream: what is written is what was replied, however it is cut") {
  const stream_limits limits;
  for (std::size_t each = 1; each < 12; ++each) {
    stream_totals totals;
    stream s{limits, totals};
    s.reply("$5\r\nhello\r\n", 0, false);
    s.reply("", 0, false);
    s.reply("+OK\r\n", 0, false);
    s.reply(":1\r\n", 0, false);
    s.reply("+PONG\r\n", 0, false);
    CHECK(totals.output == 27);
    CHECK(read_all(s, each) == "$5\r\nhello\r\n+OK\r\n:1\r\n+PONG\r\n");
    CHECK(totals.output == 0);
  }
}

TEST_CASE("stream: a refusal stands behind the replies to all earlier requests, at every cut") {
  const auto limits = tight(700); // two requests fit
  const std::string value = "$10\r\n0123456789\r\n";
  for (std::size_t written = 0; written < value.size(); ++written) {
    stream_totals totals;
    stream s{limits, totals};
    s.reply(value, s.feed("GET k\r\n").at(0).cost(), false);
    s.sent(written); // the rest of it is still to go
    for (const auto& r : s.feed(set_of('a') + set_of('b') + set_of('c') + set_of('d')))
      s.reply(r.kind == request_kind::broken ? "-" + r.bytes.substr(0, 4) + "\r\n" : "+OK\r\n",
              r.cost(), r.kind == request_kind::broken);
    CHECK(read_all(s, 7) == value.substr(written) + "+OK\r\n+OK\r\n-BUSY\r\n");
    CHECK(s.closes_when_written());
  }
}

TEST_CASE("stream: a request that is refused is not handed on, cut anywhere") {
  const auto bytes = set_of('a') + set_of('b') + set_of('c');
  const auto limits = tight(700); // two fit
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    stream_totals totals;
    stream s{limits, totals};
    auto requests = s.feed(std::string_view{bytes}.substr(0, cut));
    for (auto& r : s.feed(std::string_view{bytes}.substr(cut)))
      requests.push_back(std::move(r));
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].kind == request_kind::command);
    CHECK(requests[1].kind == request_kind::command);
    CHECK(requests[1][2] == std::string(200, 'b'));
    CHECK(requests[2].kind == request_kind::broken);
    CHECK(requests[2].bytes.starts_with("BUSY "));
    CHECK(s.is_closing());
    CHECK(s.feed("PING\r\n").empty());
  }
}

TEST_CASE(
    "stream: byte by byte, each request is handed on or refused, and the refused one is last") {
  const auto bytes = set_of('a') + set_of('b') + set_of('c') + set_of('d');
  for (std::size_t most = 100; most < 1'500; most += 13) {
    const auto limits = tight(most);
    stream_totals totals;
    stream s{limits, totals};
    std::vector<request> requests;
    for (const char c : bytes)
      for (auto& r : s.feed({&c, 1}))
        requests.push_back(std::move(r));
    CHECK(totals.input <= most + 300);
    REQUIRE(!requests.empty());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const bool refused = requests[i].kind == request_kind::broken;
      CHECK(refused == (s.is_closing() && i + 1 == requests.size()));
      if (!refused)
        CHECK(requests[i][2] == std::string(200, static_cast<char>('a' + i)));
    }
    CHECK(s.is_closing() == (requests.back().kind == request_kind::broken));
  }
}

TEST_CASE("stream: nothing is refused when nothing is unfinished") {
  stream_totals totals;
  const auto cost = stream{tight(10'000), totals}.feed(set_of('a')).at(0).cost();
  const auto limits = tight(cost); // just enough for it
  stream s{limits, totals};
  const auto requests = s.feed(set_of('a'));
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].kind == request_kind::command);
  CHECK_FALSE(s.is_closing());
}

TEST_CASE("stream: who holds little is not refused, whatever others hold") {
  auto limits = tight(500);
  limits.fair_bytes = 200;
  stream_totals totals;
  stream large{limits, totals};
  stream small{limits, totals};
  CHECK(large.feed(std::string{set_command} + std::string(150, 'x')).empty());
  totals.input += 1'000; // others
  const auto requests = small.feed("PING\r\n");
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].kind == request_kind::command);
  totals.input -= 1'000;
}

TEST_CASE("stream: totals are given back") {
  const stream_limits limits;
  stream_totals totals;
  {
    stream s{limits, totals};
    s.feed("PING\r\nGET k\r\nSET");
    s.reply("+PONG\r\n", 0, false);
    CHECK(totals.input > 0);
    CHECK(totals.output == 7);
  }
  CHECK(totals.input == 0);
  CHECK(totals.output == 0);
}

TEST_CASE("stream: more is read when half of what was too much is answered") {
  auto limits = tight(1 << 20);
  limits.max_unanswered_bytes = 500;
  stream_totals totals;
  stream s{limits, totals};
  const auto a = s.feed(set_of('a'));
  CHECK(!s.is_full());
  const auto b = s.feed(set_of('b'));
  CHECK(s.is_full());
  s.reply("+OK\r\n", a.at(0).cost(), false);
  CHECK(s.is_full());
  s.reply("+OK\r\n", b.at(0).cost(), false);
  CHECK(!s.is_full());
}

namespace {

unsigned stalled(stream& s, bool first = false) {
  s.look(first);
  return s.stalled();
}

} // namespace

TEST_CASE("stream: a reader that takes next to nothing is told from one that reads") {
  auto limits = tight(1 << 20);
  limits.least_taken_bytes = 100;
  stream_totals totals;
  stream s{limits, totals};
  CHECK(stalled(s) == 0); // there is nothing
  s.reply(std::string(1'000, 'x'), 0, false);
  CHECK(stalled(s) == 1);
  s.sent(100);
  CHECK(stalled(s) == 0);
  for (unsigned look = 1; look <= 10; ++look) { // a trickle
    s.sent(9);
    CHECK(stalled(s) == look);
  }
  s.sent(10); // and so slowly all the same
  CHECK(stalled(s) == 0);
  for (int i = 0; i < 7; ++i) { // as much in each two looks
    CHECK(stalled(s) == 1);
    s.sent(100);
    CHECK(stalled(s) == 0);
  }
  s.sent(100); // all
  CHECK(s.output_bytes() == 0);
  CHECK(stalled(s) == 0);
  CHECK(stalled(s) == 1); // the last part is with the caller, and not written
  CHECK(s.take_drained() == 1'000);
  CHECK(s.take_drained() == 0);
  CHECK(stalled(s) == 0);
}

TEST_CASE("stream: who is looked at for the first time has all its time") {
  const auto limits = tight(1 << 20);
  stream_totals totals;
  stream s{limits, totals};
  s.reply(std::string(300, 'x'), 0, false);
  CHECK(stalled(s) == 1);
  CHECK(stalled(s) == 2);
  CHECK(stalled(s, true) == 0); // nobody has looked for a while
  CHECK(stalled(s) == 1);
  s.sent(300);
  s.take_drained();
  s.reply(std::string(300, 'x'), 0, false);
  CHECK(stalled(s, true) == 0);
}

TEST_CASE("stream: of what is refused nothing is held, only what is to be answered") {
  const auto bytes = set_of('a') + set_of('b').substr(0, 180);
  for (std::size_t most = 101; most < 700; most += 13) {
    const auto limits = tight(most);
    stream_totals totals;
    stream s{limits, totals};
    std::size_t to_answer = 0;
    for (const auto& r : s.feed(bytes))
      to_answer += r.cost();
    if (s.is_closing())
      CHECK(totals.input < to_answer + 100); // an empty parser is something, too
    else
      CHECK(totals.input >= to_answer + 100); // it waits for the rest
  }
}
