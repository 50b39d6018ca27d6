// Raft as a replicated log: the seam between raft::consensus and the service. Slots are indexes.
#pragma once

#include "consensus/raft/consensus.hpp"
#include "consensus/replicated_log.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pmmc::raft {

class engine final : public replicated_log {
public:
  struct settings {
    consensus::settings server;
    /// Of entries that are in a durable snapshot, kept for servers that are a little behind.
    std::size_t kept_bytes = 16 << 20;
  };

  /// `recovered`: what the persisted records add up to; founding_state() for a new server. Its
  /// state reflects all slots below `slot_out`, and came with `part` (empty at slot 1).
  engine(settings options, persistent_state recovered, slot_num slot_out, const std::string& part);

  bool on(const pmmc::message& m) override;
  void on_tick() override;
  void on_peer_down(const role_id& peer) override { core_.on_peer_down(peer); }
  void persisted(std::span<const log_record> records) override;
  log_outputs take() override;

  bool may_propose() const override { return core_.may_propose(); }
  proposal_ticket propose(command value) override;
  bool barrier(std::uint64_t number) override;
  role_id leader() const override { return core_.leader(); }
  bool elects_leaders() const override { return true; }

  bool changes_servers() const override { return true; }
  bool may_change() const override { return core_.may_change(); }
  proposal_ticket change(config_version replaces, std::vector<member> servers,
                         command value) override;
  void note_piece(const role_id& server, slot_num slot, std::uint64_t offset) override {
    core_.note_piece(server, slot, offset);
  }
  bool is_settled() const override;
  std::vector<member> contacts() const override;

  std::string part_of_snapshot() const override;
  void snapshot_durable(slot_num slot, slot_num needed_from) override;
  void installed(slot_num slot, const std::string& part) override;

  slot_num slot_out() const override { return slot_out_; }
  std::size_t in_flight() const override { return proposals_.size() + (change_ ? 1 : 0); }
  void describe(server_vitals& v) const override;
  log_figures figures() const override;

  /// For tests and checkers.
  const consensus& core() const { return core_; }

private:
  struct proposal {
    proposal_ticket ticket = 0;
    position at;
  };
  /// Of the servers: where it stands in the log is known when it is there.
  struct own_change {
    proposal_ticket ticket = 0;
    position at; ///< {0, 0}: it waits for its newcomers
  };

  void settle(const outputs::committed_entry& e, log_outputs& out);

  settings options_;
  consensus core_;
  slot_num slot_out_;
  proposal_ticket last_ticket_ = 0;
  std::deque<proposal> proposals_; ///< in the order of their positions
  std::optional<own_change> change_;
  log_outputs out_; ///< what is to be told without the core
};

/// The engine's part of a snapshot: where it ends in the log, and who votes there.
struct snapshot_part {
  position base;
  std::shared_ptr<const server_set> members;
};
std::string encode(const snapshot_part& part);
/// Nothing if the bytes are none.
std::optional<snapshot_part> decode_snapshot_part(std::string_view bytes);

} // namespace pmmc::raft
