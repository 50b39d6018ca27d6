// A simulated operator: asks for reconfigurations with the real client.
#pragma once

#include "membership/reconfiguration.hpp"
#include "service/client.hpp"
#include "sim/host.hpp"
#include "sim/roster.hpp"

#include <map>
#include <optional>
#include <set>

namespace pmmc::sim {

/// The connections of a client core: it is told which replicas can be reached.
class client_connections {
public:
  void look_around(world& w, const host& self, client& core);

private:
  std::set<role_id> up_;
};

class operator_host final : public host {
public:
  operator_host(world& w, roster& m, const role_id& id, std::size_t process)
      : host(w, id, process), roster_(m) {}

  bool has_started() const { return core_.has_value(); }
  void ask_for(reconfiguration r);
  /// Reconfigurations without an answer.
  std::size_t waits_for() const { return open_.size(); }

  void start() override;
  void check(world&, const role_id&, const message&) const override {}
  bool is_quiet(std::string& why) const override;

protected:
  void on_message(const role_id& from, message& m) override;
  void on_tick() override;
  void settle() override;
  void forget(bool) override {}

private:
  roster& roster_;
  client_connections connections_;
  std::optional<client> core_;
  std::map<std::uint64_t, reconfiguration> open_; ///< by ticket
};

} // namespace pmmc::sim
