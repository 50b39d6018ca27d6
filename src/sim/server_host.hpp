// A simulated server of Raft or of Paxos Made Simple, with its shipped store and snapshots.
#pragma once

#include "service/server.hpp"
#include "sim/state_host.hpp"
#include "storage/server_store.hpp"

#include <map>
#include <optional>
#include <vector>

namespace pmmc::sim {

/// Its disk runs beside it, as with the real one: while it syncs, inputs are handled, and what they
/// give rise to waits for the next sync, but for what may be sent early.
class server_host final : public state_host<server> {
public:
  server_host(world& w, const role_id& id, std::size_t process)
      : state_host(w, id, process, role_kind::server) {}

  using part_host::role;
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;
  std::map<role_id, slot_num> accepted() const override;
  bool is_in_office() const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_wake(std::size_t what) override;
  void settle() override;
  void recover() override;
  std::uint64_t records() const override { return store_->writes(); }
  void write(const records_type& records) override { store_->write(records); }
  std::size_t most_changes() const override { return 12; }
  void written(const records_type& records) override;
  void durable(const records_type& records) override { role().persisted(records); }
  void interrupted(records_type records) override;
  void taken(const server_outputs& out) override;
  void forget(bool power) override;
  void close_files() override;

private:
  static constexpr std::size_t records_written = snapshot_fetched + 1;

  void go_on_writing();
  void recovered(const storage::server_store::memory& found);
  void tell_office();
  void tell_change(const server_outputs& out);
  bool is_down() const { return world_.process_at(process_number()).crashing; }

  std::optional<storage::server_store> store_;
  server_outputs waiting_;            ///< for the disk, which is at work
  std::vector<log_record> under_way_; ///< when it crashed; of its own disk
  bool was_in_office_ = false;
};

} // namespace pmmc::sim
