// A simulated replica with its shipped snapshots, which it writes, reads and takes over.
#pragma once

#include "replica.hpp"
#include "sim/host.hpp"
#include "storage/snapshot_keeper.hpp"

#include <map>
#include <memory>
#include <optional>

namespace pmmc::sim {

class replica_host final : public host {
public:
  replica_host(world& w, const role_id& id, std::size_t process)
      : host(w, id, process), disk_(w.options, role_kind::replica, id, {}) {
    use(disk_);
  }

  role_kind kind() const override { return role_kind::replica; }
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  membership known_members() const override { return role_->known_members(); }
  bool is_quiet(std::string& why) const override;
  /// Precondition: its process is up.
  const replica& role() const { return *role_; }

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void on_peer_lost(const role_id& peer) override { role_->on_peer_down(peer); }
  void on_wake(std::size_t what) override;
  void settle() override;
  void forget(bool power) override;
  void recover() override;

private:
  void save();
  void answer_piece(const replica_outputs::read_piece& m);
  void store(snapshot_chunk piece);
  void hand_over(const snapshot_chunk& piece);
  void take_over(storage::snapshot_keeper::fetched fetched);
  void note_durable();

  role_disk disk_;
  std::optional<storage::snapshot_store> snapshots_;
  std::optional<storage::snapshot_keeper> keeper_;
  std::unique_ptr<replicated_state> found_; ///< until it starts
  std::optional<storage::snapshot_receiver> found_part_;
  std::optional<replica> role_;
  std::map<slot_num, command> proposed_; ///< what it last proposed in each slot
  std::unique_ptr<replicated_state> saving_;
  std::optional<snapshot_chunk> last_piece_; ///< of another replica's: it takes a while
};

} // namespace pmmc::sim
