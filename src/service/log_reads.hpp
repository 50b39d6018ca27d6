// Linearizable reads above a replicated log: rounds of them, one for all that wait, and up to where
// the state must be for each (docs/ARCHITECTURE.md, "The life of a read").
#pragma once

#include "consensus/replicated_log.hpp"
#include "service/read_queue.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// One round is asked at a time, and serves all reads that came before it began. Single-threaded;
/// what is to be sent is appended to `send`.
class log_reads {
public:
  struct settings {
    read_queue::settings queue = {};
    unsigned query_ticks = 300; ///< then a read is given up as `unavailable`
  };

  /// `last_round`: a random number, or late answers to an earlier life's rounds would count.
  log_reads(settings options, std::uint64_t last_round)
      : options_(options), queue_(options.queue), last_round_(last_round) {}

  void add(const role_id& client, query q, slot_num slot_out, std::vector<envelope>& send) {
    queue_.add(client, std::move(q), slot_out, send);
  }
  /// Begins a round, if reads wait for one and none is asked; returns whether it did.
  bool start(replicated_log& log, std::uint64_t tick);
  /// A round is over: its reads wait for the state.
  void on(const log_outputs::readable_at& readable);
  /// Answers the reads whose slots have been performed, as long as `read_bytes` allow.
  void answer(const replicated_state& state, std::vector<envelope>& send);
  /// Gives up what is too old: no majority was reached, for which `why_stalled` has the reason, or
  /// what it showed is not decided.
  void on_tick(slot_num slot_out, std::uint64_t tick,
               const std::function<std::string()>& why_stalled, std::vector<envelope>& send);
  /// What has been answered so far is sent: `read_bytes` begin anew.
  void begin_turn() { queue_.begin_turn(); }

  /// Whether answer() has something to answer.
  bool has_answers(slot_num slot_out) const {
    return !complete_.empty() && complete_.front().slot <= slot_out;
  }
  /// Reads without their answer.
  std::size_t waiting() const { return queue_.size(); }

private:
  struct round {
    std::uint64_t number = 0;
    std::uint64_t started_tick = 0;
    read_queue::reads queries;
    slot_num slot = 0; ///< once it is known
  };

  bool is_too_old(const round& r, std::uint64_t tick) const {
    return tick >= r.started_tick + options_.query_ticks;
  }

  settings options_;
  read_queue queue_; ///< those that are not in a round yet
  std::uint64_t last_round_;
  std::optional<round> asking_;
  std::deque<round> complete_; ///< in the order of their slots, which do not decrease
};

} // namespace pmmc
