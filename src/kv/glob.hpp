// Redis's patterns for keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pmmc::kv {

/// Twice a key of the largest size, with every byte escaped.
inline constexpr std::size_t max_pattern_bytes = 4 << 10;

/// * any bytes, ? one byte, [a-z] [^a-z] one of (not of) a set, \x the byte x. Translated once, for
/// many texts. A pattern of more than max_pattern_bytes matches nothing.
class glob {
public:
  explicit glob(std::string_view pattern);

  /// Whether all of `text` matches. Takes at most text size × (pattern size / 64 + 1) steps,
  /// whatever the pattern is.
  bool matches(std::string_view text) const;

private:
  using word = std::uint64_t;
  static constexpr std::size_t word_bits = 64;
  static constexpr std::size_t max_words = max_pattern_bytes / word_bits + 1;

  // A step is what takes one byte: all of the pattern but the stars.
  std::size_t steps_ = 0;
  std::size_t words_ = 0;
  std::vector<word> takes_; ///< for each byte, `words_` words; bit n: the step n takes it
  std::vector<word> stars_; ///< bit n: there is a star before the step n
};

} // namespace pmmc::kv
