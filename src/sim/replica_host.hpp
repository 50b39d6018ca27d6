// A simulated replica.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "sim/state_host.hpp"

#include <map>

namespace pmmc::sim {

class replica_host final : public state_host<replica> {
public:
  replica_host(world& w, const role_id& id, std::size_t process)
      : state_host(w, id, process, role_kind::replica) {}

  using part_host::role;
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  bool is_quiet(std::string& why) const override;
  std::map<role_id, slot_num> accepted() const override { return role().accepted(); }

protected:
  void on_message(const role_id& from, message& m) override;
  void recover() override;
  void exchanged() override;
  void write(const records_type&) override {}
  std::size_t most_changes() const override { return 0; }
  void taken(const replica_outputs& out) override;
  void forget(bool power) override;

private:
  std::map<slot_num, command> proposed_; ///< what it last proposed in each slot
};

} // namespace pmmc::sim
