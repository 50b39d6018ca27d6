#include "storage/checked_text.hpp"

#include "storage/checksum.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace pmmc::storage {

namespace {

constexpr std::string_view seal_word = "checksum ";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"-._:[]/"}.find(c) != std::string_view::npos;
}

std::string escaped(std::string_view word) {
  std::string out;
  for (const char c : word) {
    char hex[4] = {c, 0, 0, 0};
    if (!is_plain(c))
      std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    out += hex;
  }
  return out.empty() ? "%" : out; // a lone % is the empty word
}

std::string unescaped(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    unsigned value = static_cast<unsigned char>(word[i]);
    if (word[i] == '%' && i + 2 < word.size()) {
      std::from_chars(word.data() + i + 1, word.data() + i + 3, value, 16);
      i += 2;
    } else if (word == "%") {
      break;
    }
    out.push_back(static_cast<char>(value));
  }
  return out;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    words.push_back(unescaped(line.substr(0, end)));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::string seal_of(std::string_view text) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(checksum(text)));
  return std::string{seal_word} + digits + "\n";
}

} // namespace

text_lines& text_lines::line(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    text_.append(i == 0 ? "" : " ").append(escaped(words[i]));
  text_.push_back('\n');
  return *this;
}

std::string text_lines::sealed() const { return text_ + seal_of(text_); }

std::optional<std::vector<std::vector<std::string>>> unseal(std::string_view text) {
  const auto seal_size = seal_word.size() + 17;
  if (text.size() < seal_size)
    return std::nullopt;
  auto body = text.substr(0, text.size() - seal_size);
  if (text.substr(body.size()) != seal_of(body))
    return std::nullopt;
  std::vector<std::vector<std::string>> lines;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    lines.push_back(words_of(body.substr(0, end)));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

std::optional<std::uint64_t> parse_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size())
    return std::nullopt;
  return value;
}

} // namespace pmmc::storage
