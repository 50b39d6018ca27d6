// The operations of the key-value store, their answers, and both as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pmmc::kv {

inline constexpr std::size_t max_key_bytes = 1024; ///< the least is 1
inline constexpr std::size_t max_value_bytes = 1 << 20;
/// Bytes of the entries in one scan answer, as encoded; at least one entry comes, whatever its
/// size.
inline constexpr std::uint32_t max_scan_bytes = 1 << 20;

// Operations view bytes that belong to somebody else. The comments name the answers: status,
// payload.

/// ok. Creates or replaces.
struct put {
  std::string_view key, value;
  friend bool operator==(const put&, const put&) = default;
};

/// ok, value (std::string) | absent.
struct get {
  std::string_view key;
  friend bool operator==(const get&, const get&) = default;
};

/// ok, length of the value now (std::uint64_t) | too_large. An absent key counts as empty.
struct append {
  std::string_view key, value;
  friend bool operator==(const append&, const append&) = default;
};

/// ok | absent.
struct del {
  std::string_view key;
  friend bool operator==(const del&, const del&) = default;
};

/// ok | mismatch, current value (std::string), or no payload if the key is absent. Writes `value`
/// only if the key has the value `expected`; if that is nothing, only if the key is absent.
struct cas {
  std::string_view key;
  std::optional<std::string_view> expected;
  std::string_view value;
  friend bool operator==(const cas&, const cas&) = default;
};

/// ok, number now (std::int64_t) | not_a_number | overflow. An absent key counts as 0.
struct incr {
  std::string_view key;
  std::int64_t by = 1;
  friend bool operator==(const incr&, const incr&) = default;
};

/// ok, scan_page. The entries with key > `after` ("" for all), in the order of the keys' bytes,
/// until one of the limits is reached. A limit of 0 or above the store's own means the store's own.
struct scan {
  std::string_view after;
  std::uint32_t max_entries = 0;
  std::uint32_t max_bytes = 0; ///< of the entries; see max_scan_bytes
  friend bool operator==(const scan&, const scan&) = default;
};

using operation = std::variant<put, get, append, del, cas, incr, scan>;

/// Whether the operation leaves every state as it is, so that it may go as a query.
bool is_query(const operation& op);

enum class answer_status : std::uint8_t {
  ok = 0,
  absent = 1,       ///< there is no such key
  mismatch = 2,     ///< cas: the precondition does not hold
  not_a_number = 3, ///< incr: the value is not a decimal 64-bit number
  overflow = 4,     ///< incr: the result would not fit into 64 bits
  malformed = 5,    ///< not an operation, an empty key, or a write sent as a query
  too_large = 6,    ///< the key or the (resulting) value is above its limit
};

/// "ok", "absent", …
std::string_view to_string(answer_status status);

struct scan_entry {
  std::string key, value;
  friend bool operator==(const scan_entry&, const scan_entry&) = default;
};

struct scan_page {
  std::vector<scan_entry> entries;
  bool more = false; ///< go on with after = the last entry's key
  friend bool operator==(const scan_page&, const scan_page&) = default;
};

/// With any status but ok the state is unchanged.
struct answer {
  answer_status status = answer_status::ok;
  std::variant<std::monostate, std::string, std::uint64_t, std::int64_t, scan_page> payload;

  friend bool operator==(const answer&, const answer&) = default;
};

// Encoding. Integers are little-endian; "…" takes the rest of the bytes. Operation = one byte that
// says which, then
//   1 put     u16 key size, key, value…          5 cas   u16 key size, key, u8 has expected,
//   2 get     key…                                       [u32 size, expected], value…
//   3 append  u16 key size, key, value…          6 incr  i64 by, key…
//   4 del     key…                               7 scan  u32 max entries, u32 max bytes, after…
//   (8 begins a transaction, transaction.hpp.)
// Answer = u8 status, u8 payload (its index in answer::payload), then
//   1 string  bytes…      2 u64      3 i64
//   4 page    u8 more, then until the end: u16 key size, u32 value size, key, value

/// Checks nothing but that sizes fit their fields: longer keys are cut to 65535 bytes, which is too
/// large all the same.
std::string encode(const operation& op);

/// Accepts any bytes; nothing if they are no operation. Sizes are not compared with the limits
/// here. The operation views `bytes`.
std::optional<operation> decode_operation(std::string_view bytes);

std::string encode(const answer& a);

/// Accepts any bytes; nothing if they are no answer.
std::optional<answer> decode_answer(std::string_view bytes);

} // namespace pmmc::kv
