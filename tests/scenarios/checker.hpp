// The invariants that hold between roles (docs/ARCHITECTURE.md, "Invariants"), checked as a cluster
// runs. It sees what no role sees: everything that is durable anywhere, and every message when it
// is sent.
#pragma once

#include "acceptor.hpp"
#include "configuration.hpp"
#include "messages.hpp"
#include "replica.hpp"

#include <map>
#include <set>
#include <utility>

namespace pmmc::test {

class checker {
public:
  checker(configuration first, std::uint64_t window) : window_(window) {
    configurations_.emplace(first.version, std::move(first));
  }

  /// A5, A4, F2: an acceptor has made an acceptance durable.
  void accepted(const role_id& acceptor, const accept_record& r);
  /// C1, R1, F2: a role sends something.
  void sent(const role_id& from, const message& m);
  /// L3: a leader starts a scout; `life` grows with each restart.
  void ran(const role_id& leader, const ballot_num& ballot, std::uint64_t life);
  /// R1, R4, S1, F1: a replica has handled an input.
  void looked_at(const role_id& id, const replica& r);
  /// A replica has crashed: what it had in memory is no promise any more.
  void forget(const role_id& replica);
  /// So is nothing that was on its disk, if it has lost that.
  void lost(const role_id& replica) { durable_.erase(replica); }
  /// The replica `id` has a durable snapshot of the slots below `slot`.
  void durable(const role_id& id, slot_num slot);
  /// G1: a watermark that some role believes in: f+1 replicas of the last configuration decided
  /// below it, or of a later one, must hold everything below it.
  void watermark(slot_num slot) const;

  bool is_chosen(slot_num slot) const { return chosen_.contains(slot); }
  const std::map<slot_num, command>& chosen() const { return chosen_; }
  /// The configurations that any replica has ever known, and which of them governs a slot.
  const std::map<config_version, configuration>& configurations() const { return configurations_; }
  const configuration& config_of(slot_num slot) const;
  const configuration& latest() const { return configurations_.rbegin()->second; }
  /// Fails the test unless `held`.
  static void demand(bool held, const char* invariant);

private:
  void decided(slot_num slot, const command& value);
  void watermark_computed(const role_id& id, slot_num slot_out_before, const replica& r);
  bool is_durable(const configuration& config, slot_num slot) const;
  void learn(const config_history& known);

  std::uint64_t window_;
  std::map<config_version, configuration> configurations_;
  std::map<std::pair<slot_num, ballot_num>, std::set<role_id>> votes_;
  std::map<slot_num, config_version> voted_in_;
  std::map<std::pair<slot_num, ballot_num>, command> asked_;
  std::map<slot_num, command> chosen_;
  std::map<slot_num, ballot_num> chosen_at_;
  std::map<role_id, std::pair<ballot_num, std::uint64_t>> last_ballot_; ///< and in which life
  std::map<role_id, slot_num> slot_out_;
  std::map<role_id, slot_num> watermark_; ///< computed in its present life
  std::map<role_id, slot_num> durable_;
  std::map<slot_num, std::uint64_t> fingerprints_;
};

} // namespace pmmc::test
