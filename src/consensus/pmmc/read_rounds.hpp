// Linearizable reads without log entries (paper, section 4.5; docs/ARCHITECTURE.md, "The life of a
// read").
#pragma once

#include "consensus/messages.hpp"
#include "service/read_queue.hpp"
#include "service/replicated_state.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pmmc {

/// A replica's reads: those that wait for a round, the round that asks the acceptors, and the
/// rounds whose slots are still to be performed. One round serves all reads that have come in since
/// the last one began. Single-threaded; what is to be sent is appended to `send`.
class read_rounds {
public:
  struct settings {
    role_id id; ///< of the replica: probes and refusals name it
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    std::size_t max_queries = 65'536;       ///< waiting; one more is refused as `busy`
    std::size_t read_bytes = 2 << 20;       ///< of answers until begin_turn(); the rest waits
    unsigned resend_ticks = 20;             ///< acceptors that do not answer are asked again
    unsigned query_ticks = 300;             ///< then a read is given up as `unavailable`
    std::size_t max_query_bytes = 64 << 20; ///< of all that wait; likewise
  };

  /// `last_round`: a random number, or late answers to an earlier life's rounds would count.
  read_rounds(settings options, std::uint64_t last_round)
      : options_(options), queue_({options.id, options.max_op_bytes, options.max_queries,
                                   options.read_bytes, options.max_query_bytes}),
        round_number_(last_round) {}

  /// A read comes in. Too large ones, and those past `max_queries` or `max_query_bytes`, are
  /// refused at once.
  void add(const role_id& client, query q, slot_num slot_out, std::vector<envelope>& send) {
    queue_.add(client, std::move(q), slot_out, send);
  }
  /// Begins a round, if reads wait for one and none is under way; returns whether it did.
  bool start(const replicated_state& state, std::uint64_t tick, std::vector<envelope>& send);
  /// An acceptor's answer; the one that completes a quorum ends the round.
  void on(const read_probe_reply& m, const replicated_state& state, std::vector<envelope>& send);
  /// Answers the reads whose slots have been performed, as long as `read_bytes` allow. Call it when
  /// `state` has changed, and until has_answers() is false.
  void answer(const replicated_state& state, std::vector<envelope>& send);
  /// Asks again, and gives up what is too old.
  void on_tick(const replicated_state& state, std::uint64_t tick, std::vector<envelope>& send);
  /// What has been answered so far is sent: `read_bytes` begin anew.
  void begin_turn() { queue_.begin_turn(); }

  /// Whether answer() has something to answer.
  bool has_answers(slot_num slot_out) const {
    return !complete_.empty() && complete_.begin()->first < slot_out;
  }
  /// Reads without their answer.
  std::size_t waiting() const { return queue_.size(); }
  /// With this slot_out, all rounds that are complete can be answered: slots below may have been
  /// decided.
  slot_num needed_slot_out() const { return needed_slot_out_; }
  /// The highest slot that each acceptor has said it accepted anything in, when it was asked last.
  const std::map<role_id, slot_num>& accepted() const { return accepted_; }

private:
  friend struct role_contents; // search/encoding.cpp

  struct round {
    std::uint64_t number = 0;
    std::map<config_version, std::set<role_id>> answered; ///< per configuration asked
    slot_num highest = 0;
    std::uint64_t started_tick = 0;
    read_queue::reads queries;
  };

  void ask_acceptors(const round& r, const config_history& configurations,
                     std::vector<envelope>& send) const;
  bool has_quorum(const round& r, const replicated_state& state) const;
  void complete_if_answered(const replicated_state& state);
  void answer_round(round& r, const replicated_state& state, std::vector<envelope>& send);
  std::string acceptors_reached(const round& r, const config_history& configurations) const;
  bool is_too_old(const round& r, std::uint64_t tick) const {
    return tick >= r.started_tick + options_.query_ticks;
  }

  settings options_;
  read_queue queue_; ///< those that are not in a round yet
  std::uint64_t round_number_;
  std::optional<round> asking_;
  std::map<slot_num, std::vector<round>> complete_; ///< answered when slot_out > key
  slot_num needed_slot_out_ = 0;
  std::map<role_id, slot_num> accepted_; ///< by acceptor
};

} // namespace pmmc
