// Transactions of one call, as pmmc's own commands send them, and what their answers tell.
#pragma once

#include "kv/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pmmc::kv {

// They know no time, view their arguments, and can be answered:
/// ok
transaction put(std::string_view key, std::string_view value);
/// ok, value (std::string) | absent
transaction get(std::string_view key);
/// ok, length of the value now (std::uint64_t) | too_large
transaction append(std::string_view key, std::string_view value);
/// ok | absent
transaction del(std::string_view key);
/// ok | mismatch, present value (std::string), or no payload if the key is absent. `expected` is
/// nothing: that the key is absent.
transaction cas(std::string_view key, std::optional<std::string_view> expected,
                std::string_view value);
/// ok, number now (std::int64_t) | not_a_number | overflow
transaction incr(std::string_view key, std::int64_t by = 1);

enum class answer_status : std::uint8_t {
  ok,
  absent,       ///< there is no such key
  mismatch,     ///< cas: the key has not the expected value
  not_a_number, ///< incr: the value is not a decimal 64-bit number
  overflow,     ///< incr: the result would not fit into 64 bits
  malformed,    ///< no transaction of one call, or a write sent as a query
  too_large,    ///< the key or the (resulting) value is above its limit, or the key is empty
};

/// "ok", "absent", …
std::string_view to_string(answer_status status);

/// With any status but ok the state is unchanged.
struct answer {
  answer_status status = answer_status::ok;
  std::variant<std::monostate, std::string, std::uint64_t, std::int64_t> payload;

  friend bool operator==(const answer&, const answer&) = default;
};

/// What the store has answered to one of these transactions, whose call is `what`. Accepts any
/// bytes; nothing if they are no such answer.
std::optional<answer> read_answer(verb what, std::string_view encoded);

} // namespace pmmc::kv
