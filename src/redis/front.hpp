// What stands between Redis connections and the replicated store: which requests travel together,
// in which order replies go out, and what a connection remembers.
#pragma once

#include "client.hpp"
#include "kv/transaction.hpp"
#include "random.hpp"
#include "redis/byte_turns.hpp"
#include "redis/command_table.hpp"
#include "redis/connection.hpp"
#include "redis/scan_cursors.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pmmc::redis {

/// What the front cannot answer from what it has. Answered with `answered`.
enum class question_kind : std::uint8_t {
  acceptors,   ///< WAIT: how many acceptors hold what was decided, as a reply
  status,      ///< PMMC STATUS
  config,      ///< PMMC CONFIG
  fingerprint, ///< PMMC FINGERPRINT
  reconfig,    ///< PMMC RECONFIG
};

struct question {
  std::uint64_t ticket = 0;
  question_kind kind = question_kind::status;
  std::int64_t wanted = 0;             ///< WAIT: enough acceptors
  std::int64_t timeout_ms = 0;         ///< WAIT; 0: wait for ever
  std::vector<std::string> words = {}; ///< PMMC RECONFIG: those behind it
};

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
  struct settings {
    std::string replica; ///< its id, for INFO
    std::string version; ///< of pmmc
    std::uint16_t port = 0;
    std::uint64_t seed = 0;
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    std::size_t bundle_calls = 1'000;
    std::size_t bundle_bytes = 128 << 10;
    std::size_t max_in_flight = 4; ///< operations of one connection, if their replies are small
    std::size_t max_unsent_bytes = 256 << 10;    ///< then the connection waits for `drained`
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

  explicit front(settings options);

  /// Milliseconds since 1970. Before anything else, and as often as convenient.
  void set_clock(std::int64_t now_ms);
  /// As kv::log_clock reads it: nothing while it is not known, and then operations carry none.
  void set_log_clock(std::optional<kv::log_time> now);

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
  bool wants_room() const { return replies_.has_waiting() || !without_room_.empty(); }
  /// About once a second: makes keys expire whose deadline has come.
  void expire_keys();
  /// The log time, as expire_keys has last seen it.
  std::optional<kv::log_time> log_time() const { return log_time_; }
  /// Whether there still is a connection that wants the answer to a question.
  bool waits_for(std::uint64_t ticket) const;

  front_outputs take();

  /// Of what all connections share: see settings.
  std::size_t bytes_under_way() const {
    return operations_.in_use() + queries_.in_use() + replies_.in_use();
  }
  /// What large replies take that are asked for or not read yet.
  std::size_t reply_bytes() const { return replies_.in_use(); }
  std::size_t transaction_bytes() const { return transaction_bytes_; }
  std::size_t connections() const { return connections_.size(); }

private:
  /// What a ticket stands for, and what it takes of what all connections share.
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

  void pump(connection& c);
  void process(connection& c, bundle& b, bool only_small);
  bool take_next(connection& c, bundle& b, bool only_small);
  bool take_keys(connection& c, bundle& b, const command_info& command, bool only_small);
  bool take_transaction(connection& c, bundle& b, const command_info& command, bool only_small);
  bool queue_in_transaction(connection& c, bundle& b, const command_info& command, bool only_small);
  bool may_take_up(connection& c);
  bool take_exec(connection& c, bundle& b);
  bool has_room_for_exec(connection& c);
  void add_exec(connection& c, bundle& b);
  bool take_pmmc(connection& c, bundle& b);
  bool take_clock(connection& c, bundle& b);
  bool take_once(connection& c, bundle& b);
  void take_error(connection& c, bundle& b, std::string_view error);
  bool take_wait(connection& c, bundle& b);
  void ask(connection& c, bundle& b, question q);
  void add_call(connection& c, bundle& b, const command_info& command, request&& r);
  std::string set_cursor(bundle& b, std::string_view text, kv::call& scan);
  void answer_here(connection& c, const command_info& command, const request& r, std::string& out);
  void forget_transaction(connection& c);
  void forget_watched(connection& c);
  bool has_room_to_watch(const connection& c, const request& r) const;
  void watch(connection& c, std::string_view key, std::uint64_t version);
  void reset(connection& c);

  // commands that need no store (local_commands.cpp)
  void hello(connection& c, const request& r, std::string& out);
  void auth(const request& r, std::string& out) const;
  void client(connection& c, const request& r, std::string& out);
  void command(const connection& c, const request& r, std::string& out) const;
  void config(const connection& c, const request& r, std::string& out) const;
  void info(const request& r, std::string& out) const;
  std::string describe(const connection& c) const;

  // front_turns.cpp
  void send(connection& c, bundle& b);
  void send_again(connection& c, bundle& b, std::uint64_t reply_bytes);
  void wait_for_room(connection& c, bundle& b, std::size_t room);
  void wait_for_replica(std::uint64_t ticket, place& p);
  byte_turns& turns_of(const place& p) { return p.is_query ? queries_ : operations_; }
  void give_turns();
  void submit(std::uint64_t ticket);
  void give_back(const place& p);
  bool has_room_for_text(connection& c);
  static std::size_t unread_bytes(const connection& c);
  void hold(connection& c, std::size_t bytes);
  void hold_unread(connection& c);
  void note_reply(connection& c, const place& p, const client_outcome& outcome);
  void fail_late();
  bundle* find_bundle(const place& p, std::uint64_t ticket);

  // front_clock.cpp
  kv::log_time now_for(const kv::transaction& t) const;
  static bool says_due(const client_outcome& outcome);
  void settle_expiry(const client_outcome& outcome);

  void settle(connection& c, bundle& b, const client_outcome& outcome);
  void settle_done(connection& c, bundle& b, std::string_view answer);
  void settle_calls(connection& c, bundle& b, pmmc::byte_reader& in, std::uint64_t executed);
  void settle_watch(connection& c, const bundle& b, const item& i, pmmc::byte_reader& in,
                    std::string& out);
  void settle_scan(const item& i, pmmc::byte_reader& in, std::string& out);
  void fail(connection& c, bundle& b, std::string_view error);
  void emit(connection& c);

  settings options_;
  random_source random_;
  std::int64_t now_ms_ = 0;
  std::int64_t started_ms_ = 0;
  std::optional<kv::log_time> log_now_;
  std::optional<kv::log_time> log_time_;
  std::uint64_t tickets_ = 0;
  std::uint64_t commands_ = 0; ///< taken up so far
  std::uint64_t connections_seen_ = 0;
  std::size_t transaction_bytes_ = 0; ///< see max_transactions_bytes
  std::unordered_map<connection_id, std::unique_ptr<connection>> connections_;
  std::unordered_map<std::uint64_t, place> tickets_out_;
  byte_turns operations_;
  byte_turns queries_;
  byte_turns replies_;
  std::vector<connection_id> without_room_; ///< see has_room_for_text
  std::uint64_t tick_ = 0;
  /// What the last query and the last operation failed with, if they did.
  std::optional<client_outcome> query_trouble_, operation_trouble_;
  bool expiring_ = false;
  scan_cursors cursors_;
  front_outputs out_;
};

} // namespace pmmc::redis
