// Fixed-width integers, strings and ids in bytes. Big-endian.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pmmc::storage {

inline void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xff));
}

inline void put_u64(std::string& out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
  put_u32(out, static_cast<std::uint32_t>(value));
}

/// Takes bytes off the front. Once too few are left it stays bad; values are 0 then.
class fixed_reader {
public:
  explicit fixed_reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : take(width))
      value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  std::string_view rest() const { return bytes_; }
  /// Nothing was missing and nothing is left.
  bool finished() const { return good_ && bytes_.empty(); }
  bool good() const { return good_; }

private:
  std::string_view bytes_;
  bool good_ = true;
};

inline void put_id(std::string& out, const role_id& id) {
  out.push_back(static_cast<char>(id.view().size()));
  out += id.view();
}

inline role_id take_id(fixed_reader& in) {
  const auto id = in.take(in.u8());
  if (id.size() <= role_id::max_size)
    return id;
  in.take(std::string_view::npos); // makes the reader bad
  return {};
}

/// All that is left; nothing: a no-op.
inline command rest_as_command(const fixed_reader& in) {
  return in.rest().empty() ? command{} : command{std::string{in.rest()}};
}

} // namespace pmmc::storage
