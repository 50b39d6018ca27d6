// A client of the protocol itself that numbers its requests as far ahead as it may, and further.
#pragma once

#include "sim/host.hpp"

#include <map>
#include <set>
#include <string>

namespace pmmc::sim {

/// Keeps back the first request of its session until all others have been decided: 4,095 of them
/// wait for it, the rest is put off (X1). Then it sends the first one, and, as the answers come and
/// are acknowledged, those that were put off. Only in runs without faults.
class ahead_client final : public host {
public:
  using host::host;

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  bool is_done() const { return answered_.size() == requests; }
  bool is_quiet(std::string& why) const override;

  static constexpr std::uint64_t requests = 4'300;
  static constexpr std::uint64_t most_ahead = 4'095;

protected:
  void on_message(const role_id&, message& m) override;
  void on_tick() override;
  void settle() override {}
  void forget() override {}

private:
  void send(std::uint64_t sequence);

  session_id session_ = 0;
  std::uint64_t next_ = 2; ///< not sent yet
  std::set<std::uint64_t> answered_;
  std::set<std::uint64_t> put_off_;
};

} // namespace pmmc::sim
