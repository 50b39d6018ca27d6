#include "text/base64.hpp"
#include "text/escape.hpp"

#include <doctest/doctest.h>

using namespace pmmc::text;

TEST_CASE("base64: the examples of RFC 4648, section 10, and bytes of all values") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string("\xff\xfe\xfb\x00", 4)) == "//77AA==");
}

TEST_CASE("UTF-8 is told from what is not") {
  for (const auto* text : {"", "plain\t\n\x7f", "größer, 語, 🙂", "\xc2\x85"})
    CHECK(is_utf8(text));
  CHECK(is_utf8(std::string_view("\0", 1)));
  for (const auto* bytes : {"\xff", "\xc3", "a\xc3(", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\x80", "ok\xe8\xaa"})
    CHECK_FALSE(is_utf8(bytes));
}
