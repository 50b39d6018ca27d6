// A simulated replica, with the worker that writes, reads and takes over its snapshots.
#pragma once

#include "replica.hpp"
#include "sim/host.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace pmmc::sim {

class replica_host final : public host {
public:
  using host::host;

  role_kind kind() const override { return role_kind::replica; }
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  membership known_members() const override { return role_->known_members(); }
  bool is_quiet(std::string& why) const override;
  /// Precondition: its process is up.
  const replica& role() const { return *role_; }

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override { role_->on_tick(); }
  void on_peer_lost(const role_id& peer) override { role_->on_peer_down(peer); }
  void on_wake(std::size_t what) override;
  void settle() override;
  void forget() override;

private:
  void save();
  void answer_piece(const replica_outputs::read_piece& m);
  void store(snapshot_chunk piece);
  void take_over();
  void put_on_disk(slot_num slot, std::string bytes);

  slot_num disk_slot_ = 0; ///< 0: no snapshot yet
  std::string disk_;
  slot_num older_slot_ = 0; ///< for those who are fetching it; as storage::snapshot_store keeps it
  std::string older_;
  std::optional<replica> role_;
  std::map<slot_num, command> proposed_; ///< what it last proposed in each slot
  std::unique_ptr<replicated_state> saving_;
  std::string fetched_;
  slot_num fetched_slot_ = 0;
};

} // namespace pmmc::sim
