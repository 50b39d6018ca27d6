// What stands between Redis connections and the replicated store: when what travels together
// (bundler.hpp) is sent (shared_room.hpp), and in which order replies (settle.hpp) go out.
#pragma once

#include "redis/bundler.hpp"
#include "redis/byte_account.hpp"
#include "redis/connection.hpp"
#include "redis/front_settings.hpp"
#include "redis/key_expiry.hpp"
#include "redis/local_commands.hpp"
#include "redis/question.hpp"
#include "redis/shared_room.hpp"
#include "service/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmmc::redis {

struct front_outputs {
  /// For the replica: answered with `finished`. Operations in this order.
  struct submission {
    std::uint64_t ticket = 0;
    bool is_query = false;
    std::string op;
    std::uint64_t max_reply = 0; ///< query; see client::submit_query
  };
  std::vector<submission> submit;
  std::vector<question> ask;
  struct reply {
    connection_id to = 0;
    std::string bytes;
    std::size_t settled_cost = 0; ///< of the requests that are done with; see request::cost
    bool close = false;           ///< after the bytes were written
  };
  std::vector<reply> replies;
};

/// Requests of one connection take effect in their order and are answered in it; those of several
/// connections are independent. On a connection requests that wait for each other become one
/// operation, so that a pipeline costs one request of the log. Reads that no write of the
/// connection precedes are queries; any other read goes through the log with the writes.
///
/// Single-threaded; never reads a clock: set_clock says what time it is, and set_log_clock which
/// one operations may bring into the log.
class front {
public:
  using settings = front_settings;

  explicit front(settings options);
  front(const front&) = delete; // its parts know where they are
  front& operator=(const front&) = delete;

  /// Milliseconds since 1970. Before anything else, and as often as convenient.
  void set_clock(std::int64_t now_ms);
  /// As kv::log_clock reads it: nothing while it is not known, and then operations carry none.
  void set_log_clock(std::optional<kv::log_time> now) { expiry_.set_clock(now); }

  void opened(connection_id id, std::string peer);
  void closed(connection_id id);
  void on(connection_id id, std::vector<request> requests);
  /// So many bytes of its replies have been written since the last time, all that had come to the
  /// sockets by then: more than note_unread_bytes. Others may be on their way there.
  void drained(connection_id id, std::size_t bytes);

  void finished(const client_outcome& outcome);
  /// `reply`: as kv::reply_writer wrote it.
  void answered(std::uint64_t ticket, std::string_view reply);
  /// About every 10 ms.
  void on_tick();
  /// Whether replies wait until others have been read.
  bool wants_room() const { return room_.is_wanted(); }
  /// About once a second: makes keys expire whose deadline has come.
  void expire_keys();
  /// The log time, as expire_keys has last seen it.
  std::optional<kv::log_time> log_time() const { return expiry_.log_time(); }
  /// Whether there still is a connection that wants the answer to a question.
  bool waits_for(std::uint64_t ticket) const;
  /// Whether so much is behind it that its connection may not be read until it is answered.
  bool is_full_behind(std::uint64_t ticket) const;

  front_outputs take();

  /// Of what all connections share: see settings.
  std::size_t bytes_under_way() const { return room_.bytes_under_way(); }
  /// What large replies take that are asked for or not read yet.
  std::size_t reply_bytes() const { return room_.reply_bytes(); }
  std::size_t transaction_bytes() const { return transaction_memory_.in_use(); }
  std::size_t connections() const { return connections_.size(); }

private:
  void pump(connection& c);
  bool may_take_up(connection& c);
  void hold_unread(connection& c);
  void ask(connection& c, bundle& b);
  void send(connection& c, bundle& b);
  void send_again(connection& c, bundle& b, std::uint64_t reply_bytes);
  void send_rest(connection& c, bundle& b);
  void give_turns();
  void submit(std::uint64_t ticket);
  void submit_own(std::optional<std::string> op, bool is_query);
  bundle* find_bundle(connection_id id, std::uint64_t ticket) const;
  const connection* find_asker(std::uint64_t ticket) const;
  void note_reply(connection& c, const client_outcome& outcome);
  void emit(connection& c);

  const settings options_;
  byte_account transaction_memory_; ///< see max_transactions_bytes
  connection_table connections_;
  local_facts facts_;
  key_expiry expiry_;
  shared_room room_;
  bundler bundler_;
  front_outputs out_;
};

} // namespace pmmc::redis
