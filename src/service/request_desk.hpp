// What becomes of the requests of a replica's clients, whatever decides the log: who is let in,
// what goes into a batch, who is answered (paper, section 2.1: `requests`, and the replies of
// perform()).
#pragma once

#include "consensus/messages.hpp"
#include "service/replicated_state.hpp"
#include "service/request_queue.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pmmc {

/// A request is executed once, however often it is asked for, handed on or proposed: what waits
/// here, and what the state's sessions know, tell a repeated one. Single-threaded; what is to be
/// sent is appended to `send`. `state` is always the replica's, as performed so far.
class request_desk {
public:
  struct settings {
    role_id id; ///< of the replica
    /// Goes into batches as long as the log has not decided which cluster this is: a random number.
    /// 0: left to other replicas.
    cluster_identity founds = 0;
    std::size_t max_op_bytes = pmmc::max_op_bytes;
    unsigned resend_ticks = 20;            ///< what was handed on for ten times as long comes back
    unsigned forget_held_back_ticks = 300; ///< unless its client has asked again
    request_queue::settings queue = {};
  };

  explicit request_desk(settings options) : options_(options), queue_(options.queue) {}

  /// A client asks: answered at once if the answer is known, or if there is no room.
  void on(const role_id& client, request m, const replicated_state& state, std::uint64_t tick,
          std::vector<envelope>& send);
  /// Another replica hands requests on. What does not fit is offered again by that one.
  void on(handoff m, const replicated_state& state, std::uint64_t tick);
  void on_tick(const replicated_state& state, std::uint64_t tick, std::vector<envelope>& send);

  /// What a batch is made of.
  struct batch {
    std::vector<request_key> requests;
    command value;
    std::size_t entries = 0;               ///< requests, and what is claimed of the cluster
    std::vector<request_key> changes = {}; ///< not in it: what take_changes_out found
  };
  /// The oldest of the queued requests, which count as proposed now. `disks_met`: of acceptors and
  /// leaders; the log gets to know those that it does not know yet. Nothing if none is queued.
  /// `take_changes_out`: requests to change the members count as proposed, and go into no batch:
  /// each is the caller's to propose by batch_of(), to refuse(), or to settle_batch().
  std::optional<batch> next_batch(const replicated_state& state,
                                  const std::map<role_id, std::string>& disks_met,
                                  bool take_changes_out = false);
  /// Of one request, which counts as proposed.
  batch batch_of(const request_key& key) const;
  void refuse(const request_key& key, const std::string& why) { queue_.refuse(key, why); }
  /// The slot of a batch is decided: with it, or with something else, and its requests are queued
  /// again.
  void settle_batch(const std::vector<request_key>& requests, bool is_chosen) {
    queue_.settle_proposal(requests, is_chosen);
  }
  /// All that is queued goes to `to`, which proposes. Returns how many requests that were.
  std::size_t hand_on(const role_id& to, std::uint64_t tick, std::vector<envelope>& send);
  /// Somebody else proposes now: what was handed on is queued again.
  void take_back(const replicated_state& state, std::uint64_t tick, std::vector<envelope>& send,
                 std::uint64_t least_ticks = 0);

  /// What performing the log has brought.
  void answer(std::vector<response> responses, std::vector<envelope>& send);
  /// `state` has skipped slots. What became of the requests that wait, only its sessions can tell;
  /// where they do not (of those in `proposed`, or held back), the log is asked again.
  void skipped(const replicated_state& state, std::set<request_key> proposed,
               std::vector<envelope>& send);
  /// Each client that waits is told why.
  void explain(const std::string& why, std::vector<envelope>& send) const;

  const request_queue& queue() const { return queue_; }

private:
  bool admit(request m, const role_id& client, const replicated_state& state, std::uint64_t tick);

  settings options_;
  request_queue queue_;
};

} // namespace pmmc
