// Requests that travel together.
#pragma once

#include "kv/transaction.hpp"
#include "redis/byte_account.hpp"
#include "redis/question.hpp"
#include "redis/request.hpp"
#include "redis/resp.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::redis {

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
  bool follows = false; ///< others of the connection were under way when it was made
  bool small = false;   ///< all replies are small and it goes through the log
  bool done = false;
  std::optional<question> asked; ///< it waits for the answer to that, not for the store
  bool close = false;            ///< the connection, when the replies are written
  kv::transaction t;             ///< the calls view `requests`
  std::deque<request> requests;  ///< those with calls, and the watched keys' names
  std::list<std::string> names;  ///< of keys and sessions that `t` views
  std::vector<item> items;
  std::size_t next_item = 0;
  std::size_t cost = 0;
  std::size_t text_bytes = 0;    ///< of replies that are there
  byte_share transaction_memory; ///< EXEC: what MULTI and WATCH made the connection hold
  unsigned too_large = 0;        ///< how often its reply was larger than the room for it
  std::string output;

  bool is_empty() const { return items.empty() && !asked; }
  bool needs_store() const { return !t.calls.empty() || !t.watched.empty(); }
  /// For a reply that needs no store; the reference holds until the next item.
  std::string& add_text(protocol version) {
    return items.emplace_back(item{item_kind::text, version}).text;
  }
};

} // namespace pmmc::redis
