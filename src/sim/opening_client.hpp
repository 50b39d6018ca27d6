// A client of the protocol itself that opens more sessions than there may be.
#pragma once

#include "sim/host.hpp"

#include <set>
#include <string>

namespace pmmc::sim {

/// The 10,000 places are taken, and then some: the sessions that were opened first end, the others
/// go on. Only in runs without faults.
class opening_client final : public host {
public:
  using host::host;

  void start() override {}
  void check(world&, const role_id&, const message&) const override {}
  bool is_done() const { return ended_ + gone_on_ == probed; }
  bool is_quiet(std::string& why) const override;

  static constexpr std::uint64_t most_sessions = 10'000;
  static constexpr std::uint64_t too_many = 50;
  static constexpr std::uint64_t sessions = most_sessions + too_many;

protected:
  void on_message(const role_id&, message& m) override;
  void on_tick() override;
  void settle() override {}
  void forget(bool) override {}

private:
  static constexpr std::uint64_t probed = 2 * too_many; ///< those that were opened first

  std::uint64_t asked_ = 0; ///< openings
  bool has_probed_ = false;
  std::set<session_id> opened_;
  std::uint64_t ended_ = 0;
  std::uint64_t gone_on_ = 0;
};

} // namespace pmmc::sim
