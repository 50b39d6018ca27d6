#include "text/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pmmc::text {

namespace {

struct code_point {
  std::uint32_t value = 0;
  std::size_t bytes = 0; ///< 0: not well-formed
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// The multi-byte UTF-8 character at the front of `text`: neither overlong, nor a surrogate, nor
/// above U+10FFFF.
code_point decode_utf8(std::string_view text) {
  auto lead = static_cast<unsigned char>(text.front());
  std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes)
    return {};
  std::uint32_t value = lead & (0x7fu >> bytes);
  for (char c : text.substr(1, bytes - 1)) {
    if (!is_continuation(c))
      return {};
    value = value << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  }
  bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff)
    return {};
  return {value, bytes};
}

/// Bytes of the character at the front; 0 if there is none.
std::size_t character_bytes(std::string_view bytes) {
  return static_cast<unsigned char>(bytes.front()) < 0x80 ? 1 : decode_utf8(bytes).bytes;
}

/// Control characters and those that break lines, turn the direction of text or show nothing.
bool prints(std::uint32_t value) {
  constexpr std::array<std::array<std::uint32_t, 2>, 6> silent = {{
      {0x80, 0x9f},
      {0xad, 0xad},
      {0x200b, 0x200f},
      {0x2028, 0x202e},
      {0x2060, 0x206f},
      {0xfeff, 0xfeff},
  }};
  return std::none_of(silent.begin(), silent.end(),
                      [&](const auto& range) { return value >= range[0] && value <= range[1]; });
}

/// How many bytes at the front of `bytes` stay as they are: 0 or one character.
std::size_t plain_bytes(std::string_view bytes) {
  auto c = static_cast<unsigned char>(bytes.front());
  if (c < 0x80)
    return c >= 0x20 && c != 0x7f && c != '\\' ? 1 : 0;
  auto point = decode_utf8(bytes);
  return point.bytes > 0 && prints(point.value) ? point.bytes : 0;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  switch (c) {
  case '\t':
    out += "\\t";
    break;
  case '\n':
    out += "\\n";
    break;
  case '\\':
    out += "\\\\";
    break;
  default:
    out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// The byte that the escape at the front of `text` stands for, or -1; `size` is its length.
int decode_escape(std::string_view text, std::size_t& size) {
  size = 2;
  switch (text.size() < 2 ? '\0' : text[1]) {
  case 't':
    return '\t';
  case 'n':
    return '\n';
  case '\\':
    return '\\';
  case 'x': {
    size = 4;
    int high = text.size() < 4 ? -1 : hex_digit(text[2]);
    int low = text.size() < 4 ? -1 : hex_digit(text[3]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }
  default:
    return -1;
  }
}

} // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = character_bytes(bytes);
    if (size == 0)
      return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string escape(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    auto plain = plain_bytes(bytes);
    if (plain == 0)
      append_escaped(out, bytes.front());
    else
      out += bytes.substr(0, plain);
    bytes.remove_prefix(plain == 0 ? 1 : plain);
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text, std::string& error) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    std::size_t size = 0;
    int byte = decode_escape(text.substr(at), size);
    if (byte < 0) {
      error = "byte " + std::to_string(at + 1) + ": \"" + escape(text.substr(at, size)) +
              R"(" is no escape; write one of \t \n \\ \xHH, and \\ for a backslash)";
      return std::nullopt;
    }
    out += static_cast<char>(byte);
    at += size;
  }
  return out;
}

} // namespace pmmc::text
