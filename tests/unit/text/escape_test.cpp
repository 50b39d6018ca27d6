#include "text/escape.hpp"

#include "text/number.hpp"
#include "unit/kv/random_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>

using pmmc::text::escape;

namespace {

std::optional<std::string> unescape(std::string_view text) {
  std::string error;
  auto bytes = pmmc::text::unescape(text, error);
  CHECK(bytes.has_value() == error.empty());
  return bytes;
}

} // namespace

TEST_CASE("what does not print is escaped, the rest is not") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"plain ~ text", "plain ~ text"},
      {"a\tb\nc\\d", R"(a\tb\nc\\d)"},
      {std::string("\0\r\x1b\x7f", 4), R"(\x00\x0D\x1B\x7F)"},
      {"größer, 語, 🙂", "größer, 語, 🙂"},
      {"\xff", R"(\xFF)"},
      {"\xc3", R"(\xC3)"},                         // cut short
      {"\xc3(", R"(\xC3()"},                       // no continuation
      {"\xc0\x80", R"(\xC0\x80)"},                 // overlong
      {"\xe0\x80\x80", R"(\xE0\x80\x80)"},         // overlong
      {"\xed\xa0\x80", R"(\xED\xA0\x80)"},         // a surrogate
      {"\xf4\x90\x80\x80", R"(\xF4\x90\x80\x80)"}, // above U+10FFFF
      {"\xc2\x85", R"(\xC2\x85)"},                 // a control character
      {"\xe2\x80\xa8", R"(\xE2\x80\xA8)"},         // a line separator
  };
  for (const auto& [bytes, text] : cases) {
    CHECK(escape(bytes) == text);
    CHECK(unescape(text) == bytes);
  }
}

TEST_CASE("unescape is the inverse of escape, for any bytes") {
  CAPTURE(pmmc::testing::seed);
  std::mt19937_64 random{pmmc::testing::seed};
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = pmmc::testing::random_bytes(random, 24);
    auto text = escape(bytes);
    REQUIRE(unescape(text) == bytes);
    CHECK(text.find_first_of("\t\n\r") == std::string::npos);
  }
  for (int byte = 0; byte < 256; ++byte)
    CHECK(unescape(escape(std::string(1, static_cast<char>(byte)))) ==
          std::string(1, static_cast<char>(byte)));
}

TEST_CASE("unescape takes hex digits of either case, and refuses what is no escape") {
  CHECK(unescape(R"(\x0a\x0A)") == "\n\n");
  CHECK(unescape("\xff\t") == "\xff\t");
  for (const auto* text : {"\\", "a\\", R"(\q)", R"(\x)", R"(\x1)", R"(\x1g)", R"(\xg1)", R"(\N)"})
    CHECK_FALSE(unescape(text));
  std::string error;
  CHECK_FALSE(pmmc::text::unescape(R"(ab\q)", error));
  CHECK(error.starts_with("byte 3: "));
}

TEST_CASE("numbers are read strictly") {
  using namespace pmmc::text;
  CHECK(parse_int64("0") == 0);
  CHECK(parse_int64("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_int64("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_uint64("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const auto* text : {"", "-", "+1", " 1", "1 ", "1x", "x", "01", "00", "-0", "-01", "0x1",
                           "1.0", "1e3", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_int64(text));
    CHECK_FALSE(parse_uint64(text));
  }
  CHECK_FALSE(parse_int64("9223372036854775808"));
  CHECK_FALSE(parse_uint64("-1"));
  CHECK_FALSE(parse_number<std::uint16_t>("65536"));
}
