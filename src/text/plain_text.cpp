#include "text/plain_text.hpp"

#include <array>

namespace pmmc::text {

namespace {

using namespace std::string_view_literals;

struct signature {
  std::string_view bytes;
  std::string_view what;
};

// Of the formats' own documents: RFC 1952, RFC 8878, .xz 1.1.0, bzip2, APPNOTE.TXT, Unicode.
constexpr std::array signatures{
    signature{"\x1F\x8B"sv, "is compressed with gzip; unpack it on the way: gzip -dc FILE | …"},
    signature{"\x28\xB5\x2F\xFD"sv,
              "is compressed with zstd; unpack it on the way: zstd -dc FILE | …"},
    signature{"\xFD\x37\x7A\x58\x5A\0"sv,
              "is compressed with xz; unpack it on the way: xz -dc FILE | …"},
    signature{"BZh91AY&SY"sv, "is compressed with bzip2; unpack it on the way: bzip2 -dc FILE | …"},
    signature{"PK\x03\x04"sv, "is a ZIP archive; unpack it first"},
    signature{"\xFF\xFE"sv, "is UTF-16; convert it on the way: iconv -f UTF-16 -t UTF-8 FILE | …"},
    signature{"\xFE\xFF"sv, "is UTF-16; convert it on the way: iconv -f UTF-16 -t UTF-8 FILE | …"},
};

} // namespace

std::string why_no_text(std::string_view head) {
  for (const auto& [bytes, what] : signatures)
    if (head.starts_with(bytes))
      return std::string{what};
  if (const auto zero = head.find('\0'); zero != std::string_view::npos)
    return "is no text: byte " + std::to_string(zero + 1) + " is zero";
  return {};
}

} // namespace pmmc::text
