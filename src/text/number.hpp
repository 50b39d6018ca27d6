// Numbers as text: strict, so that a typing error is never another number.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pmmc::text {

/// Decimal digits, with one - before them if Number is signed; no blanks, no +, no leading zeros,
/// no -0. Nothing for anything else, or for a number that does not fit. So there is one text for
/// each number, the one that std::to_string gives.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) {
  auto digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.starts_with('0') && text.size() > 1)
    return std::nullopt;
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

inline std::optional<std::int64_t> parse_int64(std::string_view text) {
  return parse_number<std::int64_t>(text);
}

inline std::optional<std::uint64_t> parse_uint64(std::string_view text) {
  return parse_number<std::uint64_t>(text);
}

} // namespace pmmc::text
