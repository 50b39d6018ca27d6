// A simulated leader, with its scouts and commanders, whose reports may come late.
#pragma once

#include "leader.hpp"
#include "sim/host.hpp"

#include <map>
#include <optional>
#include <utility>
#include <variant>

namespace pmmc::sim {

class leader_host final : public host {
public:
  /// `known`: the configurations that it was told of when it was set up.
  leader_host(world& w, const role_id& id, std::size_t process, config_history known)
      : host(w, id, process), disk_(w.options, role_kind::leader, id, std::move(known)) {
    use(disk_);
  }

  role_kind kind() const override { return role_kind::leader; }
  void start() override;
  void check(world& w, const role_id& to, const message& m) const override;
  membership known_members() const override { return role_->known_members(); }
  bool is_quiet(std::string& why) const override;
  bool is_active() const { return role_ && role_->is_active(); }
  /// Precondition: its process is up.
  const leader& role() const { return *role_; }
  std::size_t scouts() const { return scouts_.size(); }
  std::size_t commanders() const { return commanders_.size(); }

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void on_peer_lost(const role_id& peer) override { role_->on_peer_down(peer); }
  void on_wake(std::size_t what) override;
  void settle() override;
  void forget(bool power) override;
  void unblocked() override;
  void recover() override {
    start_from_disk(disk_, [] {});
  }
  std::uint64_t records() const override { return disk_.state().load(); }

private:
  using report = std::variant<scout_outcome, std::pair<commander_outcome, ballot_num>>;

  void carry_out(leader_outputs out);
  void settle_scouts();
  /// Returns whether the commander is done.
  bool settle_commander(commander& c);
  void hand_in(report r);
  void hear(const report& r);
  void count(const report& r);

  role_disk disk_;
  std::optional<leader> role_;
  std::vector<scout> scouts_;
  std::map<slot_num, commander> commanders_;
  std::vector<report> reports_; ///< to be heard at once
  std::map<std::size_t, report> late_reports_;
  std::size_t last_report_ = 0;
  std::optional<leader_outputs> saving_; ///< while blocked
};

} // namespace pmmc::sim
