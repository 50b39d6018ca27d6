// What is remembered of a Redis connection.
#pragma once

#include "redis/bundle.hpp"
#include "redis/pending_transaction.hpp"
#include "redis/request.hpp"
#include "redis/resp.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace pmmc::redis {

using connection_id = std::uint64_t;

/// What a client has said of itself.
struct client_names {
  std::string name; ///< CLIENT SETNAME
  std::string library, library_version;
};

struct connection {
  connection(connection_id its_id, std::string its_peer, std::int64_t now_ms,
             const front_settings& limits, byte_account& transaction_memory)
      : id(its_id), peer(std::move(its_peer)), opened_ms(now_ms),
        transaction(limits, transaction_memory) {}

  const connection_id id;
  const std::string peer; ///< address
  const std::int64_t opened_ms;
  client_names names;
  protocol version = protocol::resp2;
  std::string last_command = "NULL";
  std::string session; ///< PMMC SESSION
  pending_transaction transaction;

  std::deque<request> queue;              ///< not taken up yet
  std::deque<bundle> in_flight;           ///< in the order of their replies
  std::size_t unanswered_bytes = 0;       ///< the cost of its requests
  std::size_t unsent_bytes = 0;           ///< written out since the last `drained`
  std::size_t held_bytes = 0;             ///< of those, what is taken of the room for large replies
  bool without_room = false;              ///< it waits for some; see shared_room
  std::uint64_t expected_reply_bytes = 0; ///< of a query, by those before; 0: it is small
  bool closing = false;                   ///< nothing more is taken up

  /// Of replies that are there, whether they have gone out or wait for others.
  std::size_t unread_bytes() const {
    auto bytes = unsent_bytes;
    for (const auto& b : in_flight)
      bytes += b.text_bytes;
    return bytes;
  }
};

/// The connections of a port.
class connection_table {
public:
  connection* find(connection_id id) const {
    const auto it = all_.find(id);
    return it == all_.end() ? nullptr : it->second.get();
  }
  void add(std::unique_ptr<connection> c) {
    const auto id = c->id;
    all_[id] = std::move(c);
    ++seen_;
  }
  void erase(connection_id id) { all_.erase(id); }

  std::size_t size() const { return all_.size(); }
  std::uint64_t seen() const { return seen_; } ///< so far
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

private:
  std::unordered_map<connection_id, std::unique_ptr<connection>> all_;
  std::uint64_t seen_ = 0;
};

} // namespace pmmc::redis
