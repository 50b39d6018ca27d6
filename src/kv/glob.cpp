#include "kv/glob.hpp"

#include <algorithm>
#include <cstddef>

namespace pmmc::kv {

namespace {

unsigned char at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// A set, from behind its '[' on. A set that is not closed ends with the pattern. Moves `p` behind
/// it.
bool matches_set(std::string_view pattern, std::size_t& p, unsigned char c) {
  const bool negated = p < pattern.size() && pattern[p] == '^';
  p += negated;
  bool found = false;
  for (; p < pattern.size() && pattern[p] != ']'; ++p) {
    if (pattern[p] == '\\' && p + 1 < pattern.size()) {
      ++p;
      found |= at(pattern, p) == c;
    } else if (p + 2 < pattern.size() && pattern[p + 1] == '-') {
      const auto one = at(pattern, p);
      const auto other = at(pattern, p + 2);
      found |= std::min(one, other) <= c && c <= std::max(one, other);
      p += 2;
    } else {
      found |= at(pattern, p) == c;
    }
  }
  p += p < pattern.size();
  return found != negated;
}

/// One step of the pattern, which is no '*', against one byte. Moves `p` behind it.
bool matches_one(std::string_view pattern, std::size_t& p, unsigned char c) {
  const char step = pattern[p++];
  if (step == '?')
    return true;
  if (step == '[')
    return matches_set(pattern, p, c);
  if (step == '\\' && p < pattern.size())
    return at(pattern, p++) == c;
  return static_cast<unsigned char>(step) == c;
}

} // namespace

// Every step but '*' takes exactly one byte, so only the last '*' ever needs to take more.
bool matches_glob(std::string_view pattern, std::string_view text) {
  constexpr auto none = std::string_view::npos;
  std::size_t p = 0, t = 0, after_star = none, star_took = 0;
  while (t < text.size()) {
    auto next = p;
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_took = t;
    } else if (p < pattern.size() && matches_one(pattern, next, at(text, t))) {
      p = next;
      ++t;
    } else if (after_star != none) {
      p = after_star;
      t = ++star_took;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

} // namespace pmmc::kv
