// All checkers of a run. They see what is durable anywhere, every message when it is sent, and
// every role after it has handled an input; they never look into the roles' private parts.
#pragma once

#include "sim/checkers/acceptor_checker.hpp"
#include "sim/checkers/fold.hpp"
#include "sim/checkers/leader_checker.hpp"
#include "sim/checkers/log_checker.hpp"
#include "sim/checkers/replica_checker.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace pmmc::sim {

/// Throws `violation` when an invariant is broken. Roles are known by the numbers that `number_of`
/// gives to their ids.
class oracle {
public:
  oracle(std::unique_ptr<replicated_state> before_slot_1,
         std::function<std::size_t(const role_id&)> number_of, kv_model empty = kv_model{});

  void persisted(std::size_t acceptor, const acceptor_record& r);
  /// `under_way`: what it was writing when it crashed. Returns whether that is durable.
  bool recovered(std::size_t acceptor, const acceptor_state& state,
                 const std::vector<acceptor_record>& under_way);
  void leader_started(std::size_t leader) { leaders_.started(leader); }
  void seqnum_saved(std::size_t leader, std::uint64_t free_seqnum) {
    leaders_.seqnum_saved(leader, free_seqnum);
  }
  void replica_started(std::size_t replica, const pmmc::replica& r) {
    replicas_.started(replica, r);
  }
  bool replica_handled(std::size_t replica, const pmmc::replica& r) {
    return replicas_.handled(replica, r);
  }
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
  void acceptor_sent(std::size_t from, const message& m);
  void leader_sent(std::size_t from, const role_id& id, const message& m);
  void replica_sent(std::size_t from, const role_id& to, const message& m);

  const log_checker& log() const { return log_; }
  const fold& truth() const { return truth_; }
  const configuration_book& book() const { return book_; }

private:
  configuration_book book_;
  log_checker log_;
  fold truth_;
  acceptor_checker acceptors_;
  leader_checker leaders_;
  replica_checker replicas_;
};

} // namespace pmmc::sim
