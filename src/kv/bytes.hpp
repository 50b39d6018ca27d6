// Integers in byte strings, for the encodings of this folder: little-endian, but in keys of sorted
// maps.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::kv {

template <std::unsigned_integral Number>
void append_number(std::string& out, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff));
}

/// Most significant byte first, so that the order of the bytes is that of the numbers.
inline std::string ordered(std::uint64_t number) {
  std::string bytes(sizeof number, '\0');
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, number >>= 8)
    *at = static_cast<char>(number & 0xff);
  return bytes;
}

/// Reads from the front of a view; whatever is not there is "nothing", and stays nothing.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  std::optional<Number> number() {
    auto bytes = take(sizeof(Number));
    if (!bytes)
      return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>((*bytes)[i])) << (8 * i);
    return static_cast<Number>(value);
  }

private:
  std::optional<std::string_view> take(std::size_t size) {
    if (size > rest_.size())
      return std::nullopt;
    auto bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
};

} // namespace pmmc::kv
