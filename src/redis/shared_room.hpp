// What all connections of a Redis port share: room for operations and queries at the replica, and
// for large replies.
#pragma once

#include "redis/byte_turns.hpp"
#include "redis/connection.hpp"
#include "redis/front_settings.hpp"
#include "service/client.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pmmc::redis {

/// Gives out tickets, and says whose turn it is. What a bundle takes at the replica is accounted
/// for before it is asked for: the bytes of operations and queries, and those of large replies
/// until they have been read. What does not fit waits, and fails if the replica does not serve.
class shared_room {
public:
  /// What a ticket stands for, and what it takes.
  struct place {
    enum class stage : std::uint8_t { for_room, for_replica, under_way };
    connection_id connection = 0; ///< 0: the front's own
    bool is_query = false;
    stage at = stage::under_way;
    byte_turns::turn turn = {};  ///< while it waits
    std::uint64_t since = 0;     ///< tick
    std::size_t reply_room = 0;  ///< of `replies_`; 0: the reply is small
    std::size_t bytes = 0;       ///< of `operations_` or `queries_`
    std::uint64_t max_reply = 0; ///< query
  };

  /// It must outlive the room.
  explicit shared_room(const front_settings& settings)
      : settings_(settings), operations_(settings.max_operation_bytes),
        queries_(settings.max_query_bytes), replies_(settings.max_reply_bytes) {}

  /// About every 10 ms.
  void on_tick() { ++tick_; }

  // --- tickets ---

  /// For what takes nothing, and does not wait.
  std::uint64_t add(connection_id who, bool is_query);
  /// For a bundle that waits for its turn. `room`: for a reply that may be large; 0: a query is
  /// tried with little room, and whatever else has a small reply.
  std::uint64_t wait(connection_id who, const bundle& b, std::size_t room);
  /// The ticket whose turn at the replica it is: from now on it is under way.
  std::optional<std::uint64_t> next();
  /// Null: it was taken or forgotten.
  const place* find(std::uint64_t ticket) const;
  /// It was answered: what it takes is given back.
  std::optional<place> take(std::uint64_t ticket);
  /// Its connection is gone. What is under way takes its bytes until it is answered.
  void forget(std::uint64_t ticket);
  /// It is gone, and its tickets have been forgotten.
  void forget_connection(connection_id who);

  // --- replies ---

  /// Replies that need no store are made at once, and some are long. If too much is unread, the
  /// connection goes on when there is less: see take_without_room.
  bool has_room_for_text(connection& c);
  /// Those that go on now.
  std::vector<connection_id> take_without_room();
  /// So much of what the connection has not read takes room from now on.
  void hold(connection& c, std::size_t bytes);
  /// Whether its reply waits for room.
  bool waits_for_replies(std::uint64_t ticket) const;
  /// Whether replies wait until others have been read.
  bool is_wanted() const { return replies_.has_waiting() || !without_room_.empty(); }

  // --- while the replica does not serve ---

  /// What came of a ticket. While the replica serves, whatever waits gets its turn. If it does not,
  /// everybody would wait until those before have been given up, one after the other.
  void note(const place& p, const client_outcome& outcome);
  /// Those that have waited for long while what is at the replica fails.
  std::vector<std::uint64_t> late() const;
  /// What a ticket that waits fails with, as the last one that was under way did.
  std::optional<client_outcome> failure_of(std::uint64_t ticket) const;

  std::size_t bytes_under_way() const {
    return operations_.in_use() + queries_.in_use() + replies_.in_use();
  }
  /// What large replies take that are asked for or not read yet.
  std::size_t reply_bytes() const { return replies_.in_use(); }

private:
  byte_turns& turns_of(const place& p) { return p.is_query ? queries_ : operations_; }
  const std::optional<client_outcome>& trouble_of(const place& p) const {
    return p.is_query ? query_trouble_ : operation_trouble_;
  }
  void wait_for_replica(std::uint64_t ticket, place& p);
  void give_back(const place& p);

  const front_settings& settings_;
  std::uint64_t tickets_ = 0;
  std::unordered_map<std::uint64_t, place> places_; ///< by ticket
  byte_turns operations_;
  byte_turns queries_;
  byte_turns replies_;
  std::vector<connection_id> without_room_; ///< see has_room_for_text
  std::uint64_t tick_ = 0;
  /// What the last query and the last operation failed with, if they did.
  std::optional<client_outcome> query_trouble_, operation_trouble_;
};

} // namespace pmmc::redis
