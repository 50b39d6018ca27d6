#include "text/command_line.hpp"

#include "unit/kv/random_bytes.hpp"

#include <doctest/doctest.h>

using pmmc::text::quote_word;
using pmmc::text::split_words;
using words = std::vector<std::string>;

TEST_CASE("words are split as a shell splits them") {
  const std::vector<std::pair<std::string, words>> cases = {
      {"", {}},
      {"  \t ", {}},
      {"put k v", {"put", "k", "v"}},
      {"  put\tk   v  ", {"put", "k", "v"}},
      {"put k 'a b'", {"put", "k", "a b"}},
      {"put k \"a b\"", {"put", "k", "a b"}},
      {R"(put k a\ b)", {"put", "k", "a b"}},
      {R"(a'b'"c"\d)", {"abcd"}},
      {"put k ''", {"put", "k", ""}},
      {"put k \"\"", {"put", "k", ""}},
      {R"('it'\''s')", {"it's"}},
      {R"("a \"b\" \\ \$ \` \n")", {R"(a "b" \ $ ` \n)"}},
      {R"('a\b')", {R"(a\b)"}},
      {R"(a\\b)", {R"(a\b)"}},
      {"a;b|c $d *", {"a;b|c", "$d", "*"}},
      {"# a comment, isn't it", {}},
      {"  # a comment", {}},
      {"put #k v#w", {"put", "#k", "v#w"}},
      {"'#' k", {"#", "k"}},
      {"get k\r", {"get", "k"}},
      {"put k 'a\r'", {"put", "k", "a\r"}},
      {std::string("put k \0\xff", 8), {"put", "k", std::string("\0\xff", 2)}},
  };
  for (const auto& [line, expected] : cases) {
    CAPTURE(line);
    auto result = split_words(line);
    CHECK(result.ok());
    CHECK(result.words == expected);
  }
}

TEST_CASE("a quote that is not closed is an error that says where") {
  for (const auto* line : {"put k 'v", "put k \"v", "put k a'", "put 'k' \"v\\\""}) {
    CAPTURE(line);
    auto result = split_words(line);
    CHECK_FALSE(result.ok());
    CHECK(result.words.empty());
    CHECK(result.error.find("never closed") != std::string::npos);
  }
  CHECK(split_words("put k 'v").error.starts_with("byte 7: "));
  CHECK(split_words("a \\").error.starts_with("byte 3: nothing follows the backslash"));
}

TEST_CASE("quoted words come back as they were") {
  CAPTURE(pmmc::testing::seed);
  std::mt19937_64 random{pmmc::testing::seed};
  for (int i = 0; i < 5'000; ++i) {
    auto word = pmmc::testing::random_bytes(random, 20);
    std::string line = quote_word(word) + " " + quote_word("x");
    CHECK(split_words(line).words == words{word, "x"});
  }
}

TEST_CASE("any bytes are words or an error") {
  CAPTURE(pmmc::testing::seed);
  std::mt19937_64 random{pmmc::testing::seed};
  constexpr std::string_view letters = "a '\"\\#\t\r$\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string line(random() % 12, ' ');
    for (char& c : line)
      c = letters[random() % letters.size()];
    auto result = split_words(line);
    CHECK((result.ok() || result.words.empty()));
  }
}
