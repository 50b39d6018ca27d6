// R2-R5, S1, G1, G2, X1: what replicas, and servers of other engines, hold, propose and answer.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "service/server.hpp"
#include "sim/checkers/fold.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::sim {

/// What a replica or server shows of itself after an input.
struct shown_state {
  shown_state(const pmmc::replica& r)
      : state(r.state()), differs(!r.differing().empty() || r.is_outvoted()),
        watermark(r.watermark()) {}
  shown_state(const server& s)
      : state(s.state()), differs(!s.differing().empty() || s.is_outvoted()) {}

  const replicated_state& state;
  bool differs;           ///< from what others tell, as it takes it
  slot_num watermark = 1; ///< as it computes it. A server forgets what is in its own snapshot
};

/// Servers are replicas here.
class replica_checker {
public:
  replica_checker(const fold& truth, const configuration_book& book, std::uint64_t window)
      : truth_(truth), book_(book), window_(window) {}

  /// The replica starts with this state.
  void started(std::size_t replica, const shown_state& shown);
  /// It has handled an input. Returns whether it has moved on.
  bool handled(std::size_t replica, const shown_state& shown);
  /// A snapshot of the slots below `slot` is durable at it.
  void durable(std::size_t replica, slot_num slot);
  /// Its disk is lost, and so is what was durable on it.
  void lost(std::size_t replica) { at(replica) = {}; }
  /// It begins with another directory, in which the newest snapshot is at `slot`, or none (0). What
  /// others were told before counts for G1: it is one of the f that may be lost.
  void exchanged(std::size_t replica, slot_num slot) { at(replica).durable = slot; }
  /// G1: somebody believes in this watermark.
  void watermark(slot_num slot) const;
  /// Whether all replicas of the latest configuration have had that much durably.
  bool all_hold(slot_num slot) const;
  /// The newest snapshot on its disk is at this slot; 0: there is none.
  slot_num durable_at(std::size_t replica) const {
    return replica < looks_.size() ? looks_[replica].durable : 0;
  }

  void sent(std::size_t replica, const propose& m) const;
  void sent(std::size_t replica, const ping& m) const;
  void sent(std::size_t replica, const pong& m) const;
  void sent(std::size_t replica, const response& m) const;
  void sent(const role_id& client, const query_reply& m) const;
  /// A client asks a query: a transaction that only reads (kv/transaction.hpp).
  void asked(const role_id& client, std::uint64_t number, std::string query);

private:
  struct look {
    slot_num slot_out = 1;
    slot_num durable = 0;
    slot_num ever_durable = 0;
    slot_num watermark = 1; ///< computed in its present life
  };
  look& at(std::size_t replica);
  void same_as_truth(const shown_state& shown) const;
  void looked_at_watermark(look& before, const shown_state& shown) const;
  std::size_t holders(const known_configuration& config, slot_num slot) const;
  void vitals_hold(std::size_t replica, const vitals& told) const;

  const fold& truth_;
  const configuration_book& book_;
  std::uint64_t window_;
  std::vector<look> looks_;
  std::map<std::pair<role_id, std::uint64_t>, std::string> queries_;
};

} // namespace pmmc::sim
