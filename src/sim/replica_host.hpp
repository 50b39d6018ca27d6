// A simulated replica with its shipped snapshots, which it writes, reads and takes over.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "sim/part_host.hpp"
#include "storage/snapshot_keeper.hpp"

#include <map>
#include <memory>
#include <optional>

namespace pmmc::sim {

class replica_host final : public part_host<replica> {
public:
  replica_host(world& w, const role_id& id, std::size_t process)
      : part_host(w, id, process, role_kind::replica) {}

  using part_host::role;
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_wake(std::size_t what) override;
  void recover() override;
  void exchanged() override;
  void write(const records_type&) override {}
  std::size_t most_changes() const override { return 0; }
  void flush() override { role().flush(); }
  void taken(const replica_outputs& out) override;
  void carry_out_rest(replica_outputs& out) override;
  void forget(bool power) override;
  void close_files() override;

private:
  void save();
  void answer_piece(const replica_outputs::read_piece& m);
  void store(snapshot_chunk piece);
  void hand_over(const snapshot_chunk& piece);
  void take_over(storage::snapshot_keeper::fetched fetched);
  void note_durable();

  std::optional<storage::snapshot_store> snapshots_;
  std::optional<storage::snapshot_keeper> keeper_;
  std::unique_ptr<replicated_state> found_; ///< until it starts
  std::optional<storage::snapshot_receiver> found_part_;
  std::map<slot_num, command> proposed_; ///< what it last proposed in each slot
  std::unique_ptr<replicated_state> saving_;
  std::optional<snapshot_chunk> last_piece_; ///< of another replica's: it takes a while
};

} // namespace pmmc::sim
