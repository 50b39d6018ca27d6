// What the parts of a Redis port's front go by.
#pragma once

#include "consensus/messages.hpp"
#include "kv/transaction.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace pmmc::redis {

struct front_settings {
  std::string replica; ///< its id, for INFO
  std::string version; ///< of pmmc
  std::uint16_t port = 0;
  std::uint64_t seed = 0;
  std::size_t max_op_bytes = pmmc::max_op_bytes;
  std::size_t bundle_calls = 1'000;
  std::size_t bundle_bytes = 128 << 10;
  std::size_t max_in_flight = 4; ///< operations of one connection, if their replies are small
  std::size_t max_unsent_bytes = 256 << 10; ///< then the connection waits for `drained`
  /// Of requests: at the most half of what makes the sockets read no more, so that whoever is not
  /// read has as many. No WAIT is patient with so many behind it.
  std::size_t note_unanswered_bytes = 512 << 10;
  std::size_t note_unread_bytes = 16 << 10;    ///< more counts as large until `drained`
  std::size_t max_transaction_bytes = 1 << 20; ///< queued by MULTI, in a connection
  /// In all: what is queued by MULTI or watched, until its EXEC has been answered.
  std::size_t max_transactions_bytes = 256 << 20;
  std::size_t max_watched = 1'000;
  /// Of all connections: operations at the replica; queries and the replies that they may have;
  /// large replies that are asked for or not read yet. What is more waits for its turn.
  std::size_t max_operation_bytes = 4 << 20;
  std::size_t max_query_bytes = 32 << 20;
  std::size_t max_reply_bytes = 128 << 20;
  std::size_t small_reply_bytes = 64 << 10; ///< a query gets so much room without a turn
  unsigned patience_ticks = 500; ///< what waits so long fails if what is at the replica fails
};

} // namespace pmmc::redis
