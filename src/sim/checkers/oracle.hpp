// All checkers of a run. They see what is durable anywhere, every message when it is sent, and
// every role after it has handled an input; they never look into the roles' private parts.
#pragma once

#include "base/engine_kind.hpp"
#include "consensus/replicated_log.hpp"
#include "sim/checkers/acceptor_checker.hpp"
#include "sim/checkers/asked_requests.hpp"
#include "sim/checkers/fold.hpp"
#include "sim/checkers/leader_checker.hpp"
#include "sim/checkers/log_checker.hpp"
#include "sim/checkers/raft_checker.hpp"
#include "sim/checkers/replica_checker.hpp"
#include "sim/checkers/simple_checker.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace pmmc::sim {

/// Throws `violation` when an invariant is broken. Roles are known by the numbers that `number_of`
/// gives to their ids.
class oracle {
public:
  oracle(std::unique_ptr<replicated_state> before_slot_1,
         std::function<std::size_t(const role_id&)> number_of, kv_model empty = kv_model{},
         engine_kind engine = engine_kind::pmmc);

  // --- PMMC's roles ---
  void persisted(std::size_t acceptor, const acceptor_record& r);
  /// `under_way`: what it was writing when it crashed. Returns whether that is durable.
  bool recovered(std::size_t acceptor, const acceptor_state& state,
                 const std::vector<acceptor_record>& under_way);
  void leader_started(std::size_t leader) { leaders_.started(leader); }
  void seqnum_saved(std::size_t leader, std::uint64_t free_seqnum) {
    leaders_.seqnum_saved(leader, free_seqnum);
  }
  void acceptor_sent(std::size_t from, const message& m);
  void leader_sent(std::size_t from, const role_id& id, const message& m);

  // --- servers of other engines ---
  void persisted(std::size_t server, const log_record& r);
  bool recovered(std::size_t server, const raft::persistent_state& state,
                 const std::vector<log_record>& under_way);
  bool recovered(std::size_t server, const simple::acceptor_state& state,
                 const std::vector<log_record>& under_way);
  /// `asked` by a client, of whichever engine.
  void request_sent(const request& asked);
  void server_sent(std::size_t from, const role_id& id, const role_id& to, const message& m);

  // --- who holds the state: replicas and servers ---
  void replica_started(std::size_t replica, const shown_state& shown) {
    replicas_.started(replica, shown);
  }
  /// Returns whether it has moved on.
  bool replica_handled(std::size_t replica, const pmmc::replica& r) {
    return replicas_.handled(replica, r);
  }
  bool server_handled(std::size_t server, const role_id& id, const pmmc::server& s);
  void snapshot_durable(std::size_t replica, slot_num slot) { replicas_.durable(replica, slot); }
  /// Its disk is lost: what was durable there counts no longer.
  void replica_lost(std::size_t replica) { replicas_.lost(replica); }
  /// It begins with another directory, in which the newest snapshot is at `slot`, or none (0).
  void replica_exchanged(std::size_t replica, slot_num slot) { replicas_.exchanged(replica, slot); }
  /// G1: somebody believes in this watermark.
  void watermark(slot_num slot) const { replicas_.watermark(slot); }
  void query_sent(const role_id& client, std::uint64_t number, std::string query) {
    replicas_.asked(client, number, std::move(query));
  }

  /// F1: whoever knows a configuration knows it as it was decided, or has yet to hear of disks.
  void knows(const role_id& who, const config_history& known) const;
  void replica_sent(std::size_t from, const role_id& to, const message& m);

  /// What is chosen, by the engine's votes.
  const chosen_slots& log() const;
  const raft_checker& of_raft() const { return raft_; }
  const simple_checker& of_simple() const { return simple_; }
  const fold& truth() const { return truth_; }
  const configuration_book& book() const { return book_; }

private:
  template <class Checker, class State>
  bool recovered(Checker& checker, std::size_t server, const State& state,
                 const std::vector<log_record>& under_way);
  void advance();

  engine_kind engine_;
  configuration_book book_;
  log_checker log_;
  raft_checker raft_;
  simple_checker simple_;
  asked_requests asked_;
  fold truth_;
  acceptor_checker acceptors_;
  leader_checker leaders_;
  replica_checker replicas_;
};

} // namespace pmmc::sim
