#include "kv/glob.hpp"

#include "kv/kv_store.hpp"
#include "kv/single_call.hpp"
#include "random_bytes.hpp"

#include <doctest/doctest.h>

using namespace pmmc::kv;
using pmmc::testing::seed;

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  return glob{pattern}.matches(text);
}

bool is_between(char one, char other, char c) {
  const auto a = static_cast<unsigned char>(one), b = static_cast<unsigned char>(other),
             x = static_cast<unsigned char>(c);
  return (a <= x && x <= b) || (b <= x && x <= a);
}

/// As Redis's stringmatchlen() does it, step by step.
bool matches_as_redis(std::string_view p, std::string_view t) {
  if (p.empty())
    return t.empty();
  if (p[0] == '*')
    return matches_as_redis(p.substr(1), t) || (!t.empty() && matches_as_redis(p, t.substr(1)));
  if (t.empty())
    return false;
  bool good = p[0] == '?' || p[0] == t[0];
  if (p[0] == '[') {
    p.remove_prefix(1);
    const bool negated = p.starts_with('^');
    p.remove_prefix(negated);
    good = false;
    for (; !p.empty() && p[0] != ']'; p.remove_prefix(1))
      if (p.size() >= 2 && p[0] == '\\') {
        p.remove_prefix(1);
        good |= p[0] == t[0];
      } else if (p.size() >= 3 && p[1] == '-') {
        good |= is_between(p[0], p[2], t[0]);
        p.remove_prefix(2);
      } else {
        good |= p[0] == t[0];
      }
    good = good != negated;
  } else if (p[0] == '\\' && p.size() >= 2) {
    p.remove_prefix(1);
    good = p[0] == t[0];
  }
  return good && matches_as_redis(p.substr(p.empty() ? 0 : 1), t.substr(1));
}

std::string some_of(std::mt19937_64& random, std::string_view letters, std::size_t at_most) {
  std::string text(random() % (at_most + 1), '\0');
  for (auto& letter : text)
    letter = letters[random() % letters.size()];
  return text;
}

/// The store's reply to one call.
reply_item reply_to(kv_store& store, call c) {
  transaction t;
  t.calls.push_back(std::move(c));
  static std::string answer;
  answer = store.query(encode(t));
  pmmc::byte_reader in{std::string_view{answer}.substr(2)}; // done, one call
  return next_reply(in).value();
}

} // namespace

TEST_CASE("patterns") {
  CHECK(matches("*", ""));
  CHECK(matches("", ""));
  CHECK(!matches("", "a"));
  CHECK(matches("a*c", "abbbc"));
  CHECK(matches("a?c", "abc"));
  CHECK(!matches("a?c", "ac"));
  CHECK(matches("[a-c]x", "bx"));
  CHECK(matches("[c-a]x", "bx"));
  CHECK(!matches("[^a-c]x", "bx"));
  CHECK(matches("\\*", "*"));
  CHECK(!matches("\\*", "a"));
  CHECK(matches("h[ae]llo*", "hello world"));
  CHECK(matches("[a", "a"));
  CHECK(matches("\\", "\\"));
}

TEST_CASE("patterns: random ones match what they match in Redis") {
  std::mt19937_64 random{seed};
  std::size_t matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto pattern = some_of(random, "ab-]^*?[\\\xff", 9);
    const auto text = some_of(random, "ab-]^\\\xff", 5);
    CAPTURE(pattern);
    CAPTURE(text);
    const bool good = matches_as_redis(pattern, text);
    REQUIRE(matches(pattern, text) == good);
    matched += good;
  }
  CHECK(matched > 5'000);
}

TEST_CASE("patterns: longer than a word of the machine") {
  for (const std::size_t steps : {62, 63, 64, 65, 127, 128, 129, 1'000, 4'000}) {
    CAPTURE(steps);
    const std::string text(steps, 'a');
    CHECK(matches(text, text));
    CHECK(!matches(text, text + "a"));
    CHECK(!matches(text + "a", text));
    CHECK(matches(text + "*", text));
    CHECK(matches("*" + text, "aaa" + text));
    CHECK(matches(text + "*", text + "bbb"));
    CHECK(!matches(text + "*b", text + "bba"));
    CHECK(matches("*" + std::string(steps - 1, '?') + "[^b]", text + "ba"));
  }
}

// Each comes back before the test's time is over, as it would not if each way to match was tried
// after the other, or a set was read for each byte.
TEST_CASE("patterns: none takes long") {
  std::string stars;
  for (int i = 0; i < 1'000; ++i)
    stars += "a*";
  std::string sets = "*";
  for (int i = 0; i < 500; ++i)
    sets += "[^b-c]";
  const auto a = std::string(500, 'a');
  for (const auto& pattern :
       {stars + "b", "*[" + std::string(4'000, 'b'), sets + "b", "*" + a + a + "b"}) {
    const glob once{pattern};
    for (int i = 0; i < 20'000; ++i)
      REQUIRE(!once.matches(a + a));
  }
}

TEST_CASE("patterns: those that are too long are refused by the store") {
  kv_store store;
  store.apply(encode(put("k", "v")));
  const std::string most(max_pattern_bytes, '*');
  const std::string more = most + "*";
  CHECK(matches(most, "k"));
  CHECK(!matches(more, "k"));
  CHECK(reply_to(store, {verb::keys, 0, 0, {most}}).kind == reply_kind::array);
  CHECK(reply_to(store, {verb::scan, 0, 10, {"", most}}).kind == reply_kind::array);
  for (const call& refused :
       {call{verb::keys, 0, 0, {more}}, call{verb::scan, 0, 10, {"", more}}}) {
    const auto reply = reply_to(store, refused);
    CHECK(reply.kind == reply_kind::error);
    CHECK(reply.bytes == "ERR a pattern has at most 4096 bytes");
  }
}
