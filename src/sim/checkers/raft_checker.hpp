// Raft's five properties (Raft paper, figure 3), durable votes, and the rules of changes of the
// servers, after each event: from what is durable anywhere, what is sent, and what servers show.
#pragma once

#include "consensus/messages.hpp"
#include "consensus/raft/consensus.hpp"
#include "sim/checkers/raft_disk.hpp"
#include "sim/checkers/raft_log_checker.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace pmmc::sim {

/// Servers are known by numbers.
class raft_checker {
public:
  raft_checker(std::function<std::size_t(const role_id&)> number_of, const raft::server_set& first);

  /// `r` is durable now; `snapshot`: the slot of the server's newest durable one, or 0. Returns
  /// whether more is committed now.
  bool persisted(std::size_t server, const raft::record& r, slot_num snapshot);
  bool holds(std::size_t server, const raft::persistent_state& state) {
    return disk_of(server).holds(state);
  }
  /// D2: the server starts with `state`.
  void recovered(std::size_t server, const raft::persistent_state& state);
  /// It shows this after an input, before anything that follows from it is sent. Returns whether
  /// more is committed now.
  bool handled(std::size_t server, const role_id& id, const raft::consensus& core);
  void sent(std::size_t server, const role_id& id, const role_id& to, const pmmc::message& m);

  const raft_log_checker& log() const { return log_; }

  struct tally {
    std::uint64_t offices = 0;       ///< servers that were elected
    std::uint64_t truncations = 0;   ///< of entries that nobody committed
    std::uint64_t taken_back = 0;    ///< of these, C-alls or C-news
    std::uint64_t compactions = 0;   ///< of logs
    std::uint64_t votes_refused = 0; ///< after an election's answers
    std::uint64_t pre_votes = 0;     ///< asked for
    std::uint64_t transfers = 0;     ///< servers told to run at once
    std::uint64_t offers = 0;        ///< of snapshots
  };
  const tally& seen() const { return seen_; }

private:
  /// Of a server in its present life.
  struct look {
    raft::term_num led_term = 0; ///< 0: it does not lead
    raft::position last;
    slot_num commit = 0;
  };

  raft_disk& disk_of(std::size_t server);
  look& look_at(std::size_t server);
  void lost(const raft_disk& disk, const raft::truncate_record& r);
  void compacted(const raft_disk& disk, const raft::base_record& r, slot_num snapshot);
  void note_entries(const raft::log& log);
  void elected(const role_id& id, const raft::consensus& core);
  void leads(raft::term_num term, const role_id& id);

  void hear(const raft_disk& by, const role_id& id, const role_id& to, const raft::request_vote& m);
  void hear(const raft_disk& by, const role_id& id, const role_id& to, const raft::vote& m);
  void hear(const raft_disk& by, const role_id& id, const role_id& to,
            const raft::append_entries& m);
  void hear(const raft_disk& by, const role_id& id, const role_id& to, const raft::append_reply& m);
  void hear(const raft_disk& by, const role_id& id, const role_id& to,
            const raft::snapshot_offer& m);
  void hear(const raft_disk& by, const role_id& id, const role_id& to, const raft::timeout_now& m);
  void hear(const raft_disk&, const role_id&, const role_id&, const raft::read_index&) {}
  void hear(const raft_disk&, const role_id&, const role_id&, const raft::read_index_reply&) {}

  std::function<std::size_t(const role_id&)> number_of_;
  std::shared_ptr<const raft::server_set> founders_;
  raft_log_checker log_;
  std::map<std::size_t, raft_disk> disks_; ///< by server
  std::map<std::size_t, look> looks_;      ///< likewise
  std::map<raft::term_num, role_id> leaders_;
  tally seen_;
};

} // namespace pmmc::sim
