// A simulated leader, with its scouts and commanders, whose reports may come late.
#pragma once

#include "consensus/pmmc/leader.hpp"
#include "sim/part_host.hpp"

namespace pmmc::sim {

class leader_host final : public part_host<leader> {
public:
  leader_host(world& w, const role_id& id, std::size_t process)
      : part_host(w, id, process, role_kind::leader) {}

  using part_host::children;
  using part_host::role;
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;
  bool is_in_office() const override { return is_started() && role().is_active(); }

protected:
  void recover() override {
    start_from_disk([this] { disk().begin_life(); });
  }
  std::uint64_t records() const override { return disk().state().load(); }
  void write(const records_type& records) override;
  std::size_t most_changes() const override { return 6; }
  void written(const records_type& records) override;
  void starts(const sub_role_task& task) override;
  void hear(const sub_role_report& r) override;

private:
  void count(const sub_role_report& r);
};

} // namespace pmmc::sim
