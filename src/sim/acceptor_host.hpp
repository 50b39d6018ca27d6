// A simulated acceptor with the shipped store: it blocks while its disk syncs, as the real one
// does.
#pragma once

#include "consensus/pmmc/acceptor.hpp"
#include "sim/part_host.hpp"
#include "storage/acceptor_store.hpp"

#include <optional>
#include <vector>

namespace pmmc::sim {

class acceptor_host final : public part_host<acceptor> {
public:
  acceptor_host(world& w, const role_id& id, std::size_t process)
      : part_host(w, id, process, role_kind::acceptor) {}

  using part_host::role;
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void recover() override;
  std::uint64_t records() const override { return store_->writes(); }
  void write(const records_type& records) override { store_->write(records); }
  std::size_t most_changes() const override { return 12; }
  void written(const records_type& records) override;
  void interrupted(records_type records) override;
  void close_files() override { store_.reset(); }

private:
  std::optional<storage::acceptor_store> store_;
  std::vector<acceptor_record> under_way_; ///< when it crashed; of its own disk
};

} // namespace pmmc::sim
