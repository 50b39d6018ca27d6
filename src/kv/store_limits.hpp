// Limits that are part of the store's rules.
#pragma once

#include "kv/transaction.hpp"

#include <cstddef>
#include <cstdint>

namespace pmmc::kv {

/// The same on every replica. The simulator has stores with smaller ones, so that they are reached.
struct store_limits {
  std::size_t sessions = 10'000; ///< named ones; then the one that was used longest ago goes
  /// Answers kept in a named session: the latest so many, and of those so many bytes; the latest
  /// always.
  std::uint64_t kept_answers = 64;
  std::size_t kept_answer_bytes = 1 << 20;
  /// See max_whole_reply_bytes. It has room for small_reply_bytes, and for refusing each call.
  std::size_t whole_reply_bytes = max_whole_reply_bytes;
};

} // namespace pmmc::kv
