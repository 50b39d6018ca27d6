// What leaders and their scouts and commanders add to the one host: a leader's children, and what
// the search chooses for it.
#pragma once

#include "search/role_host.hpp"
#include "search/scope.hpp"

#include <functional>
#include <vector>

namespace pmmc::search {

/// Scouts and commanders. They end with their leader's process, or when they are done.
class sub_role_host final : public role_host<sub_process> {
private:
  void restart(running&) const override {}
  bool may_crash(const sub_process&) const override { return false; }
  bool choose(running&, const input&) const override { return false; }
  void end(running& s) const override;
};

class leader_host final : public role_host<leader_process> {
public:
  leader_host(const scope& s, const sub_role_host& children);

  leader_process first(unsigned number) const;

private:
  leader make(unsigned number, std::uint64_t free_seqnum) const;
  bool run(running& s) const;
  bool tick_until(running& s, bool hears_acceptors, const std::function<bool()>& is_done) const;

  bool may_crash(const leader_process& p) const override { return p.restarts_left != 0; }
  void restart(running& s) const override;
  bool choose(running& s, const input& in) const override;
  void start_child(running& s, sub_role_task task) const override;

  const sub_role_host& children_;
  std::vector<configuration> configs_;
  std::uint64_t window_;
  unsigned ballots_;
  unsigned restarts_;
};

} // namespace pmmc::search
