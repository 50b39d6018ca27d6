// Paxos Made Simple as a replicated log: the seam between simple::server_core and the service.
#pragma once

#include "consensus/replicated_log.hpp"
#include "consensus/simple/consensus.hpp"

#include <map>
#include <string>
#include <vector>

namespace pmmc::simple {

/// Any server proposes, none leads, and the servers are always the same ones.
class engine final : public replicated_log {
public:
  /// `servers`: the cluster's, in the same order at all of them; those in `options` are replaced by
  /// them. `recovered`: what the persisted records add up to; {} for a new server. Its state
  /// reflects all slots below `slot_out`, and is in a durable snapshot.
  engine(server_core::settings options, std::vector<member> servers, acceptor_state recovered,
         slot_num slot_out);

  bool on(const pmmc::message& m) override;
  void on_tick() override { core_.on_tick(); }
  void on_peer_down(const role_id& peer) override { core_.on_peer_down(peer); }
  void persisted(std::span<const log_record>) override {}
  log_outputs take() override;

  bool may_propose() const override;
  proposal_ticket propose(command value) override;
  bool barrier(std::uint64_t number) override { return core_.barrier(number); }
  role_id leader() const override { return {}; }
  bool elects_leaders() const override { return false; }

  /// The state refuses changes: they do not come here.
  bool changes_servers() const override { return false; }
  bool may_change() const override { return false; }
  proposal_ticket change(config_version replaces, std::vector<member> servers,
                         command value) override;
  void note_piece(const role_id&, slot_num, std::uint64_t) override {}
  bool is_settled() const override { return true; }
  std::vector<member> contacts() const override { return servers_; }

  std::string part_of_snapshot() const override { return {}; }
  void snapshot_durable(slot_num slot, slot_num needed_from) override;
  void installed(slot_num slot, const std::string& part) override;

  slot_num slot_out() const override { return slot_out_; }
  std::size_t in_flight() const override { return proposals_.size(); }
  void describe(server_vitals& v) const override;
  log_figures figures() const override;

  /// For tests and checkers.
  const server_core& core() const { return core_; }

private:
  static constexpr std::size_t most_queued = 256; ///< own proposals without an outcome

  proposal_ticket settle(const command& value);

  std::vector<member> servers_;
  std::size_t most_queued_bytes_;
  server_core core_;
  slot_num slot_out_;
  proposal_ticket last_ticket_ = 0;
  std::map<proposal_ticket, command> proposals_; ///< own ones, not decided yet
  std::size_t proposed_bytes_ = 0;               ///< of them
};

} // namespace pmmc::simple
