// Which word was meant: for "did you mean".
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pmmc::text {

/// How many bytes must be put in, left out, replaced or swapped with their neighbour to make `b` of
/// `a`, with no byte touched twice.
std::size_t typing_distance(std::string_view a, std::string_view b);

/// That of `words` which `typed` is likely to mean: the first one of the nearest, at a distance of
/// one, or two if `typed` is longer than three bytes. Empty if none is as near.
std::string_view most_alike(std::string_view typed, std::span<const std::string_view> words);

} // namespace pmmc::text
