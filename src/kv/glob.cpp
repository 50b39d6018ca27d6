#include "kv/glob.hpp"

#include <algorithm>
#include <array>
#include <bitset>

namespace pmmc::kv {

namespace {

constexpr std::size_t bytes = 256;
using byte_set = std::bitset<bytes>;

unsigned char at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// A set, from behind its '[' on. A set that is not closed ends with the pattern. Moves `p` behind
/// it.
byte_set read_set(std::string_view pattern, std::size_t& p) {
  const bool negated = p < pattern.size() && pattern[p] == '^';
  p += negated;
  byte_set set;
  for (; p < pattern.size() && pattern[p] != ']'; ++p) {
    if (pattern[p] == '\\' && p + 1 < pattern.size()) {
      set.set(at(pattern, ++p));
    } else if (p + 2 < pattern.size() && pattern[p + 1] == '-') {
      const auto [least, most] = std::minmax({at(pattern, p), at(pattern, p + 2)});
      for (std::size_t c = least; c <= most; ++c)
        set.set(c);
      p += 2;
    } else {
      set.set(at(pattern, p));
    }
  }
  p += p < pattern.size();
  return negated ? ~set : set;
}

/// The bytes that one step takes. Moves `p` behind it.
byte_set read_step(std::string_view pattern, std::size_t& p) {
  const char step = pattern[p++];
  if (step == '?')
    return ~byte_set{};
  if (step == '[')
    return read_set(pattern, p);
  byte_set one;
  one.set(step == '\\' && p < pattern.size() ? at(pattern, p++) : static_cast<unsigned char>(step));
  return one;
}

} // namespace

glob::glob(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes)
    return;
  std::vector<byte_set> steps;
  std::bitset<max_pattern_bytes + 1> stars;
  for (std::size_t p = 0; p < pattern.size();) {
    if (pattern[p] == '*') {
      stars.set(steps.size());
      ++p;
    } else {
      steps.push_back(read_step(pattern, p));
    }
  }
  steps_ = steps.size();
  words_ = steps_ / word_bits + 1;
  takes_.resize(bytes * words_);
  stars_.resize(words_);
  for (std::size_t n = 0; n <= steps_; ++n) {
    const auto bit = word{1} << n % word_bits;
    const auto w = n / word_bits;
    stars_[w] |= stars[n] ? bit : 0;
    for (std::size_t c = 0; n < steps_ && c < bytes; ++c)
      takes_[c * words_ + w] |= steps[n][c] ? bit : 0;
  }
}

// All ways to match go on side by side. Bit n of `reached`: the first n steps have taken all bytes
// so far, with what the stars between them took.
bool glob::matches(std::string_view text) const {
  if (words_ == 0 || text.size() < steps_)
    return false;
  const auto last = steps_ / word_bits;
  const auto all_steps = word{1} << steps_ % word_bits;
  std::array<word, max_words> reached;
  std::fill_n(reached.begin(), words_, 0);
  reached[0] = 1;
  for (const char byte : text) {
    if (reached[last] & stars_[last] & all_steps)
      return true; // the star at the end takes what is left
    const auto* takes = &takes_[static_cast<unsigned char>(byte) * words_];
    word any = 0, carry = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const auto taken = reached[w] & takes[w];
      reached[w] = taken << 1 | carry | (reached[w] & stars_[w]);
      carry = taken >> (word_bits - 1);
      any |= reached[w];
    }
    if (any == 0)
      return false;
  }
  return (reached[last] & all_steps) != 0;
}

} // namespace pmmc::kv
