// Replies of the store to Redis commands, as bytes that belong to no version of Redis's protocol.
#pragma once

#include "codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmmc::kv {

// Encoding: one byte that says which, then: nothing (nil, nil_array) | u64 varint (integer; two's
// complement) | sized bytes (bulk, status, error) | varint number of items, and the items (array).
enum class reply_kind : std::uint8_t { nil = 0, integer, bulk, status, error, array, nil_array };

/// Writes replies behind each other.
class reply_writer {
public:
  void nil() { kind(reply_kind::nil); }
  void nil_array() { kind(reply_kind::nil_array); }
  void integer(std::int64_t number) {
    kind(reply_kind::integer);
    put_varint(out_, static_cast<std::uint64_t>(number));
  }
  void bulk(std::string_view bytes) { text(reply_kind::bulk, bytes); }
  /// One line.
  void status(std::string_view line) { text(reply_kind::status, line); }
  /// One line that begins with "ERR " or another word in capitals.
  void error(std::string_view line) { text(reply_kind::error, line); }
  /// `items` replies are to follow.
  void array(std::size_t items) {
    kind(reply_kind::array);
    put_varint(out_, items);
  }
  void ok() { status("OK"); }

  std::size_t size() const { return out_.size(); }
  /// Forgets what was written after the first `size` bytes.
  void cut(std::size_t size) { out_.resize(size); }
  std::string take() { return std::move(out_); }

private:
  void kind(reply_kind k) { out_.push_back(static_cast<char>(k)); }
  void text(reply_kind k, std::string_view bytes) {
    kind(k);
    put_bytes(out_, bytes);
  }

  std::string out_;
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

} // namespace pmmc::kv
