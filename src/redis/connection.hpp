// What is remembered of a Redis connection.
#pragma once

#include "kv/transaction.hpp"
#include "redis/request.hpp"
#include "redis/resp.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::redis {

using connection_id = std::uint64_t;

/// What is in the way of one more queued command, or watched key.
inline constexpr std::string_view transactions_busy =
    "BUSY the keys that are watched and the transactions that wait for EXEC take too much memory";

/// Where a part of a bundle's reply comes from.
enum class item_kind : std::uint8_t {
  text,  ///< it is there: `text`
  call,  ///< the reply to the call
  scan,  ///< the same, with a cursor in the place of the last key
  watch, ///< OK; the versions are remembered
  exec,  ///< the head of the array for the `count` items that follow
};

struct item {
  item_kind kind = item_kind::text;
  protocol version = protocol::resp2;
  std::uint32_t request = 0; ///< call, scan, watch: place in bundle::requests
  std::size_t count = 0;
  std::string text = {};
};

/// Requests of one connection that are executed together, and their replies.
struct bundle {
  std::uint64_t ticket = 0; ///< 0: nothing is under way for it
  bool is_query = false;
  bool small = false; ///< all replies are small and it goes through the log
  bool done = false;
  bool asked = false;           ///< it waits for a question's answer, not for the store
  bool close = false;           ///< the connection, when the replies are written
  kv::transaction t;            ///< the calls view `requests`
  std::deque<request> requests; ///< those with calls, and the watched keys' names
  std::list<std::string> names; ///< of keys and sessions that `t` views
  std::vector<item> items;
  std::size_t next_item = 0;
  std::size_t cost = 0;
  std::size_t text_bytes = 0;        ///< of replies that are there
  std::size_t transaction_bytes = 0; ///< EXEC: what MULTI and WATCH made the connection hold
  unsigned too_large = 0;            ///< how often its reply was larger than the room for it
  std::string output;
};

struct connection {
  connection_id id = 0;
  std::string peer; ///< address
  std::string name; ///< CLIENT SETNAME
  std::string library, library_version;
  protocol version = protocol::resp2;
  std::int64_t opened_ms = 0;
  std::string last_command = "NULL";

  std::deque<request> queue;              ///< not taken up yet
  std::deque<bundle> in_flight;           ///< in the order of their replies
  std::size_t unsent_bytes = 0;           ///< written out since the last `drained`
  std::size_t held_bytes = 0;             ///< of those, what is taken of the room for large replies
  bool without_room = false;              ///< it waits for some; see front::has_room_for_text
  std::uint64_t expected_reply_bytes = 0; ///< of a query, by those before; 0: it is small
  bool closing = false;                   ///< nothing more is taken up

  bool in_transaction = false;
  bool transaction_failed = false; ///< a command was refused when it was queued
  std::deque<request> transaction;
  std::size_t transaction_bytes = 0;
  std::map<std::string, std::uint64_t, std::less<>> watched; ///< key → version
  std::size_t watched_bytes = 0;
  bool watch_failed = false; ///< a WATCH was refused, so the next EXEC must not go unguarded
  std::string session;       ///< PMMC SESSION
};

} // namespace pmmc::redis
