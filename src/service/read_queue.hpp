// The linearizable reads that wait at a replica, whatever shows it up to where the log must be
// performed for them (docs/ARCHITECTURE.md, "The life of a read").
#pragma once

#include "consensus/messages.hpp"
#include "service/replicated_state.hpp"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// Who is let in, and how reads are answered. Those that are taken out by take_waiting() still
/// count until they are answered or given up. Single-threaded; what is to be sent is appended to
/// `send`.
class read_queue {
public:
  struct settings {
    role_id id; ///< of the replica: refusals name it
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    std::size_t max_queries = 65'536;       ///< waiting; one more is refused as `busy`
    std::size_t read_bytes = 2 << 20;       ///< of answers until begin_turn(); the rest waits
    std::size_t max_query_bytes = 64 << 20; ///< of all that wait; likewise
  };
  using reads = std::vector<std::pair<role_id, query>>; ///< of which client

  explicit read_queue(settings options) : options_(std::move(options)) {}

  /// A read comes in. Too large ones, and those past `max_queries` or `max_query_bytes`, are
  /// refused at once.
  void add(const role_id& client, query q, slot_num slot_out, std::vector<envelope>& send);
  /// Those that have come in since the last call, or were put back.
  reads take_waiting();
  std::size_t waiting() const { return queries_.size(); }
  void put_back(reads& of);
  /// Answers `of` from `state`, as long as `read_bytes` allow: what is answered is taken out.
  void answer(reads& of, const replicated_state& state, std::vector<envelope>& send);
  /// "unavailable": a read leaves nothing behind, so that is the whole truth.
  void give_up(const reads& of, const std::string& why, slot_num slot_out,
               std::vector<envelope>& send);

  /// What has been answered so far is sent: `read_bytes` begin anew.
  void begin_turn() { answered_bytes_ = 0; }
  bool is_turn_over() const { return answered_bytes_ >= options_.read_bytes; }
  /// Reads without their answer.
  std::size_t size() const { return size_; }

private:
  void reply(const role_id& client, const query& q, reply_status status, std::string body,
             slot_num slot_out, std::vector<envelope>& send);

  settings options_;
  std::deque<std::pair<role_id, query>> queries_; ///< not taken out
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;          ///< of their operations
  std::size_t answered_bytes_ = 0; ///< since begin_turn()
};

} // namespace pmmc
