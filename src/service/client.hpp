// The client (paper, section 2.1: the process that sends requests to replicas), with sessions.
#pragma once

#include "base/random.hpp"
#include "consensus/messages.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// How an operation ended.
enum class outcome_kind : std::uint8_t {
  done,         ///< executed exactly once; body: the state machine's answer
  refused,      ///< not executed, and will not be; body: why
  not_executed, ///< no replica took it in time; body: why. Needs connections that repeat nothing
  unknown,      ///< it was sent, and no answer came in time; body: what was tried
};

struct client_outcome {
  std::uint64_t ticket = 0;
  outcome_kind kind = outcome_kind::done;
  std::string body;
  slot_num slot = 0; ///< queries: the answer reflects the slots below
  role_id replica;   ///< the one that answered, if one did
  bool busy = false; ///< not_executed: a replica had too much to do
  /// refused: the answer to the query would have so many bytes, more than `max_reply`.
  std::uint64_t reply_bytes = 0;
  std::uint64_t tag = 0; ///< as it was submitted
};

struct client_outputs {
  std::vector<envelope> send; ///< requests and queries, to replicas
  std::vector<client_outcome> finished;
};

/// Sends operations to one replica at a time, and to the next one when that gives no answer. Each
/// operation takes effect once, in the order of submission; queries are linearizable, in no order.
/// Single-threaded; driven by messages and by ticks of about 10 ms.
class client {
public:
  struct settings {
    role_id id;
    role_kind served_by = role_kind::replica; ///< for messages to people
    std::uint64_t seed = 0;
    std::size_t max_in_flight = 1'024;
    std::size_t max_in_flight_bytes = 8 << 20;
    std::size_t max_queries_in_flight = 128; ///< their answers come at once, of up to a value each
    unsigned answer_ticks = 100;             ///< then the replica is given up for another one, and
                                             ///< what it does not answer is sent again; both
                                             ///< after twice as long each time
    unsigned busy_ticks = 10;                ///< after "busy", wait this long
  };

  explicit client(settings options);

  /// Queues an operation (or a reconfiguration); it finishes after `timeout_ticks` ticks at the
  /// latest. Returns its ticket. One above max_op_bytes is refused at once, and holds up nothing.
  /// `tag` means nothing here: it comes back with the outcome.
  std::uint64_t submit(std::string op, unsigned timeout_ticks,
                       request_kind kind = request_kind::operation, std::uint64_t tag = 0);
  /// An answer of more than `max_reply` bytes is not made; 0: any is.
  std::uint64_t submit_query(std::string op, unsigned timeout_ticks, std::uint64_t max_reply = 0,
                             std::uint64_t tag = 0);
  /// Ends the session, as the last thing. Finishes like an operation. Without a session it is done.
  std::uint64_t finish(unsigned timeout_ticks);

  void on(const role_id& replica, response m);
  void on(const role_id& replica, query_reply m);
  void on(const better_replica& m);
  /// `address` is for messages to people; empty: it is of this process.
  void on_replica_up(const role_id& replica, const std::string& address);
  void on_replica_down(const role_id& replica, const std::string& why);
  void on_tick();

  client_outputs take();

  const role_id& replica() const { return target_; }
  bool is_idle() const {
    return operations_.empty() && queries_.empty() && queued_.empty() && queued_queries_.empty();
  }

private:
  struct operation {
    request what;
    std::uint64_t ticket = 0;
    std::uint64_t tag = 0;
    std::uint64_t deadline_tick = 0;
    unsigned attempts = 0; ///< sent, and not answered "busy"
    std::uint64_t resend_tick = 0;
    std::string trouble; ///< what the last refusal said
    bool busy = false;   ///< it was the last answer
  };
  struct pending_query {
    query what;
    std::uint64_t tag = 0;
    std::uint64_t deadline_tick = 0;
    unsigned attempts = 0;
    std::uint64_t resend_tick = 0;
    std::string trouble;
  };

  void begin_waiting();
  void open_session();
  void send_operations();
  void send_queries();
  unsigned wait_after(unsigned attempts) const;
  void hear();
  void send(operation& op);
  void send(pending_query& q);
  void settle(const operation& op, outcome_kind kind, std::string body);
  void settle(const pending_query& q, outcome_kind kind, std::string body);
  void settle_sequence(response& m);
  void abandon_session(const std::string& why);
  void acknowledge_answered();
  void choose_replica();
  void resend_all();
  std::string tried(const std::string& trouble) const;

  settings options_;
  random_source random_;
  std::uint64_t tick_ = 0;
  std::uint64_t tickets_ = 0;
  std::map<role_id, std::string> up_;       ///< replica → address
  std::map<role_id, std::string> troubles_; ///< why a replica could not be reached
  role_id target_;
  std::uint64_t heard_tick_ = 0;
  unsigned given_up_ = 0;  ///< replicas, one after the other, since one answered
  std::set<role_id> left_; ///< those, as far as not all have been tried

  session_id session_ = 0;
  std::uint64_t open_nonce_ = 0; ///< of the request that opens a session; 0: none under way
  std::uint64_t open_resend_tick_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t acknowledged_ = 0;
  std::deque<operation> queued_;                  ///< without a sequence number yet
  std::map<std::uint64_t, operation> operations_; ///< in flight, by sequence number
  std::size_t in_flight_bytes_ = 0;
  std::map<std::uint64_t, pending_query> queries_; ///< in flight, by ticket
  std::deque<pending_query> queued_queries_;
  std::string advice_; ///< what the present replica said of requests that take long

  client_outputs out_;
};

} // namespace pmmc
