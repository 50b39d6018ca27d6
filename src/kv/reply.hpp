// Replies of the store to Redis commands, as bytes that belong to no version of Redis's protocol.
#pragma once

#include "base/codec.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::kv {

// Encoding: one byte that says which, then: nothing (nil, nil_array) | u64 varint (integer; two's
// complement) | sized bytes (bulk, status, error) | varint number of items, and the items (array).
enum class reply_kind : std::uint8_t { nil = 0, integer, bulk, status, error, array, nil_array };

/// Bytes of any reply that holds neither keys nor values, at the most: a number, a status, an
/// error.
inline constexpr std::size_t small_reply_bytes = 128;

/// Writes replies behind each other, and never more than it has room for.
class reply_writer {
public:
  /// From here on what would make size() larger than `bytes` is left out, and overflowed() tells of
  /// it. Without a limit everything fits.
  void limit(std::size_t bytes) {
    limit_ = bytes;
    overflowed_ = false;
  }
  bool overflowed() const { return overflowed_; }
  bool has_room_for(std::size_t bytes) const {
    return out_.size() <= limit_ && bytes <= limit_ - out_.size();
  }

  void nil() { kind(reply_kind::nil); }
  void nil_array() { kind(reply_kind::nil_array); }
  void integer(std::int64_t number) {
    put(reply_kind::integer, varint(static_cast<std::uint64_t>(number)), {});
  }
  void bulk(std::string_view bytes) { text(reply_kind::bulk, bytes); }
  /// One line.
  void status(std::string_view line) { text(reply_kind::status, line); }
  /// One line that begins with "ERR " or another word in capitals.
  void error(std::string_view line) { text(reply_kind::error, line); }
  /// `items` replies are to follow.
  void array(std::size_t items) { put(reply_kind::array, varint(items), {}); }
  /// What was written from the byte `begin` on are the items of an array.
  void array_of(std::size_t begin, std::size_t items) {
    const auto head = static_cast<char>(reply_kind::array) + varint(items);
    if (fits(head.size()))
      out_.insert(begin, head);
  }
  void ok() { status("OK"); }

  std::size_t size() const { return out_.size(); }
  /// Forgets what was written after the first `size` bytes.
  void cut(std::size_t size) {
    out_.resize(size);
    overflowed_ = false;
  }
  std::string take() { return std::move(out_); }

private:
  static std::string varint(std::uint64_t number) {
    std::string bytes;
    put_varint(bytes, number);
    return bytes;
  }
  bool fits(std::size_t bytes) {
    overflowed_ = overflowed_ || !has_room_for(bytes);
    return !overflowed_;
  }
  void put(reply_kind k, std::string_view head, std::string_view bytes) {
    if (!fits(1 + head.size() + bytes.size()))
      return;
    out_.push_back(static_cast<char>(k));
    out_.append(head).append(bytes);
  }
  void kind(reply_kind k) { put(k, {}, {}); }
  void text(reply_kind k, std::string_view bytes) { put(k, varint(bytes.size()), bytes); }

  std::string out_;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();
  bool overflowed_ = false;
};

/// One reply, or the head of an array, whose items are read next.
struct reply_item {
  reply_kind kind = reply_kind::nil;
  std::int64_t integer = 0;
  std::uint64_t items = 0;
  std::string_view bytes;
};

/// Reads the next one; nothing at the end, or if the bytes are no reply.
inline std::optional<reply_item> next_reply(pmmc::byte_reader& in) {
  const auto head = in.varint(); // below 128, so one byte
  if (!in.ok() || head > static_cast<std::uint64_t>(reply_kind::nil_array))
    return std::nullopt;
  reply_item item{static_cast<reply_kind>(head), 0, 0, {}};
  switch (item.kind) {
  case reply_kind::nil:
  case reply_kind::nil_array:
    break;
  case reply_kind::integer:
    item.integer = static_cast<std::int64_t>(in.varint());
    break;
  case reply_kind::array:
    item.items = in.varint();
    break;
  case reply_kind::bulk:
  case reply_kind::status:
  case reply_kind::error:
    item.bytes = in.bytes();
    break;
  }
  return in.ok() ? std::optional{item} : std::nullopt;
}

/// Reads over the next reply, with all that is in it. False if there is none.
inline bool skip_reply(pmmc::byte_reader& in) {
  for (std::uint64_t left = 1; left > 0; --left) {
    const auto item = next_reply(in);
    if (!item)
      return false;
    left += item->items;
  }
  return true;
}

} // namespace pmmc::kv
