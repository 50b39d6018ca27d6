#include "redis/parser.hpp"

#include "../kv/random_bytes.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace pmmc::redis;
using pmmc::testing::random_bytes;
using pmmc::testing::seed;

namespace {

using words = std::vector<std::string>;

words words_of(const request& r) {
  words all;
  for (std::size_t i = 0; i < r.size(); ++i)
    all.emplace_back(r[i]);
  return all;
}

std::vector<request> parse(std::string_view bytes) {
  parser p;
  std::vector<request> out;
  p.feed(bytes, out);
  return out;
}

std::string array_of(const words& all) {
  std::string bytes = "*" + std::to_string(all.size()) + "\r\n";
  for (const auto& word : all)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

/// The error of what must be the only, broken, request.
std::string error_of(std::string_view bytes) {
  const auto out = parse(bytes);
  REQUIRE(out.size() == 1);
  REQUIRE(out[0].kind == request_kind::broken);
  return out[0].bytes;
}

} // namespace

TEST_CASE("requests are the same wherever their bytes are cut") {
  const std::vector<words> expected{
      {"SET", "k", std::string{"a\r\nb\0", 5}}, {"PING"}, {"GET", ""}, {"ECHO", "two words"}};
  const auto bytes = array_of(expected[0]) + "PING\r\n" + array_of(expected[2]) + "\r\n*0\r\n" +
                     "ECHO \"two words\"\n";
  for (std::size_t first = 0; first <= bytes.size(); ++first)
    for (std::size_t second = first; second <= bytes.size(); second += 7) {
      parser p;
      std::vector<request> out;
      p.feed(std::string_view{bytes}.substr(0, first), out);
      p.feed(std::string_view{bytes}.substr(first, second - first), out);
      p.feed(std::string_view{bytes}.substr(second), out);
      REQUIRE(out.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i)
        REQUIRE(words_of(out[i]) == expected[i]);
    }
}

TEST_CASE("random requests come back, fed in random pieces") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    std::vector<words> expected;
    std::string bytes;
    for (auto left = random() % 10 + 1; left > 0; --left) {
      words one;
      for (auto count = random() % 5 + 1; count > 0; --count)
        one.push_back(random_bytes(random, 100));
      bytes += array_of(one);
      expected.push_back(one);
    }
    parser p;
    std::vector<request> out;
    for (std::string_view rest{bytes}; !rest.empty();) {
      const auto size = std::min<std::size_t>(rest.size(), random() % 60 + 1);
      p.feed(rest.substr(0, size), out);
      rest.remove_prefix(size);
    }
    REQUIRE(out.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      REQUIRE(words_of(out[i]) == expected[i]);
  }
}

TEST_CASE("inline commands have Redis's quoting") {
  CHECK(words_of(parse("SET a \"x\\n\\x41\\\"\" 'it\\'s'\r\n")[0]) ==
        words{"SET", "a", "x\nA\"", "it's"});
  CHECK(words_of(parse("  GET\t a  \n")[0]) == words{"GET", "a"});
  CHECK(words_of(parse("SET a \"\"\n")[0]) == words{"SET", "a", ""});
  CHECK(parse("\r\n\n  \r\n").empty());
  for (const auto* line : {"GET \"a\n", "GET 'a\n", "GET \"a\"b\n", "GET 'a'b\n"}) {
    CAPTURE(line);
    CHECK(error_of(line) == "ERR Protocol error: unbalanced quotes in request");
  }
}

TEST_CASE("what is not the protocol is refused in Redis's words, and nothing after it is taken") {
  CHECK(error_of("*x\r\n") == "ERR Protocol error: invalid multibulk length");
  CHECK(error_of("*1048577\r\n") == "ERR Protocol error: invalid multibulk length");
  CHECK(error_of("*1\r\nGET\r\n") == "ERR Protocol error: expected '$', got 'G'");
  CHECK(error_of("*1\r\n$-1\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$536870913\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$99999999999999999999\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$1\r\nabc") == "ERR Protocol error: a bulk string does not end with CRLF");
  CHECK(error_of("*" + std::string(max_line_bytes, '1')) ==
        "ERR Protocol error: too big mbulk count string");
  CHECK(error_of("*1\r\n$" + std::string(max_line_bytes, '1')) ==
        "ERR Protocol error: too big bulk count string");
  CHECK(error_of(std::string(max_line_bytes + 1, 'x')) ==
        "ERR Protocol error: too big inline request");
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n") ==
        "ERR Protocol error: this is no HTTP port");
}

TEST_CASE("length bombs cost no memory, and what follows them is understood") {
  parser p;
  std::vector<request> out;
  p.feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000000\r\n", out);
  const std::string piece(1 << 20, 'x');
  for (std::size_t left = 300'000'000; left > 0;) {
    const auto size = std::min(left, piece.size());
    p.feed(std::string_view{piece}.substr(0, size), out);
    left -= size;
    REQUIRE(p.held_bytes() < 1'000);
  }
  p.feed("\r\nPING\r\n", out);
  REQUIRE(out.size() == 2);
  CHECK(out[0].kind == request_kind::too_large);
  CHECK(words_of(out[1]) == words{"PING"});
}

TEST_CASE("many small words are held within the limit") {
  parser p;
  std::vector<request> out;
  p.feed("*1048576\r\n", out);
  for (int i = 0; i < 1'048'576; ++i) {
    p.feed("$4\r\nabcd\r\n", out);
    if (i % 1'000 == 0)
      REQUIRE(p.held_bytes() < max_kept_bytes + 2 * max_line_bytes);
  }
  REQUIRE(out.size() == 1);
  CHECK(out[0].kind == request_kind::too_large);
}

TEST_CASE("an announced length alone reserves nothing") {
  parser p;
  std::vector<request> out;
  p.feed("*1048576\r\n$1048576\r\nx", out);
  CHECK(p.held_bytes() < 1'000);
}

TEST_CASE("a long word takes no more room than it needs, however it comes") {
  for (const std::size_t size : {64 << 10, 300'000, 335'000, 400'000, 1 << 20}) {
    const words expected{"SET", "k", std::string(size, 'v')};
    const auto whole = array_of(expected);
    for (const std::size_t first : {1, 2 << 10, 64 << 10}) {
      parser p;
      std::vector<request> out;
      p.feed(std::string_view{whole}.substr(0, first), out);
      for (auto at = first; at < whole.size(); at += 64 << 10)
        p.feed(std::string_view{whole}.substr(at, 64 << 10), out);
      REQUIRE(out.size() == 1);
      CHECK(words_of(out[0]) == expected);
      CHECK(out[0].bytes.capacity() < size + 1'000);
    }
  }
}

TEST_CASE("what is not the protocol gives back the room of what came before it") {
  for (const std::string word_end : {"xx", "\r\n$-5\r\n"}) {
    parser p;
    std::vector<request> out;
    p.feed("*9\r\n$1500000\r\n" + std::string(1'500'000, 'v'), out);
    CHECK(p.reserved_bytes() >= 1'500'000);
    p.feed(word_end, out);
    REQUIRE(p.is_broken());
    CHECK(p.reserved_bytes() < 1'000);
  }
}

TEST_CASE("short words do not move all that came before them") {
  std::size_t capacity = 15, kept = 0, moved = 0;
  for (int word = 0; word < 200'000; ++word, kept += 5)
    if (kept + 5 > capacity) {
      capacity = grown_room(capacity, kept + 5, kept, kept + 5);
      REQUIRE(capacity >= kept + 5);
      moved += kept;
    }
  CHECK(moved < 4 * kept);
}

TEST_CASE("random garbage never holds much, and ends in requests or a refusal") {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const std::string_view alphabet = "*$\r\n0123456789-ab\"' \\";
  for (int round = 0; round < 3'000; ++round) {
    parser p;
    std::vector<request> out;
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes)
      c = random() % 4 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    p.feed(bytes, out);
    REQUIRE(p.held_bytes() < 2'000);
    for (std::size_t i = 0; i + 1 < out.size(); ++i)
      REQUIRE(out[i].kind != request_kind::broken);
    if (p.is_broken())
      REQUIRE(out.back().kind == request_kind::broken);
  }
}
