// What Raft's servers add to the one host: what the search chooses, slow disks, and snapshots that
// are fetched.
#pragma once

#include "search/raft/scope.hpp"
#include "search/raft/server_process.hpp"

#include <vector>

namespace pmmc::raft::search {

class server_host final : public pmmc::search::part_host<server_process, input, step_outcome> {
public:
  explicit server_host(const scope& s);

  std::vector<server_process> first_processes() const;
  /// Whether a step may end between two of its records.
  bool may_be_cut() const { return scope_.crashes && !scope_.slow_disks; }

private:
  consensus make(unsigned number, persistent_state recovered) const;
  bool choose_for_leader(server_process& p, const input& in) const;
  bool propose(consensus& core) const;
  bool change(consensus& core) const;
  bool compact(server_process& p) const;
  bool begin_to_read(server_process& p, slot_num committed) const;
  bool finish_writes(running& s) const;
  bool is_modelled(const message& m) const;

  void restart(running& s) const override;
  bool may_hear(const server_process& p, const message& m) const override;
  bool choose(running& s, const input& in) const override;
  void taken(running& s, const outputs& wanted) const override;
  std::vector<envelope> modelled(std::vector<envelope> sends) const override;
  bool puts_off(running& s, outputs& wanted) const override;

  scope scope_;
  std::vector<std::vector<member>> targets_;
};

} // namespace pmmc::raft::search
