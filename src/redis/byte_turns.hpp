// Who may go next, where bytes are what there is little of.
#pragma once

#include "redis/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pmmc::redis {

/// Shares out a number of bytes between connections that want some for a while. Fair by bytes
/// (weighted fair queueing, each of equal weight): a connection that wants little passes those that
/// want much and have had much, and nobody is passed for ever. What one connection wants is given
/// in its order. What is larger than all there is goes alone.
class byte_turns {
public:
  /// Place in the queue: virtual time at its end, and a number.
  using turn = std::pair<std::uint64_t, std::uint64_t>;

  explicit byte_turns(std::size_t most) : most_(most) {}

  turn wait(connection_id who, std::uint64_t ticket, std::size_t bytes);
  /// The ticket whose turn it is, if its bytes are free: they are taken.
  std::optional<std::uint64_t> next();
  /// Takes bytes that are in use already, without a turn.
  void take(std::size_t bytes) { in_use_ += bytes; }
  void give_back(std::size_t bytes) { in_use_ -= bytes; }
  /// It does not wait any more.
  void forget(const turn& t) { waiting_.erase(t); }
  /// The connection is gone; its turns have been forgotten.
  void forget(connection_id who) { last_.erase(who); }

  /// Tickets.
  std::vector<std::uint64_t> waiting() const;
  bool has_waiting() const { return !waiting_.empty(); }
  std::size_t in_use() const { return in_use_; }

private:
  struct one {
    std::uint64_t ticket = 0;
    std::size_t bytes = 0;
    std::uint64_t start = 0; ///< virtual time
  };

  std::size_t most_;
  std::size_t in_use_ = 0;
  std::uint64_t now_ = 0; ///< virtual time: bytes that each of those who waited has had
  std::uint64_t arrivals_ = 0;
  std::map<turn, one> waiting_;
  std::unordered_map<connection_id, std::uint64_t> last_; ///< end of its last turn, if after `now_`
};

} // namespace pmmc::redis
