#include "text/plain_text.hpp"

#include <doctest/doctest.h>

using pmmc::text::why_no_text;
using namespace std::string_view_literals;

TEST_CASE("text of any encoding without zero bytes is text") {
  for (const auto text :
       {""sv, "a\tb\n"sv, "\xEF\xBB\xBFkey"sv, "\xE9\xFF latin"sv, "BZh"sv, "P"sv})
    CHECK(why_no_text(text) == "");
}

TEST_CASE("what is compressed, or UTF-16, or has zero bytes is none") {
  CHECK(why_no_text("\x1F\x8B\x08\x00rest"sv).find("gzip -dc") != std::string::npos);
  CHECK(why_no_text("\x28\xB5\x2F\xFD..."sv).find("zstd") != std::string::npos);
  CHECK(why_no_text("\xFD\x37\x7A\x58\x5A\0"sv).find("xz") != std::string::npos);
  CHECK(why_no_text("BZh91AY&SY.."sv).find("bzip2") != std::string::npos);
  CHECK(why_no_text("PK\x03\x04"sv).find("ZIP") != std::string::npos);
  CHECK(why_no_text("\xFF\xFE"
                    "a\0"sv)
            .find("UTF-16") != std::string::npos);
  CHECK(why_no_text("key\0"sv) == "is no text: byte 4 is zero");
}
