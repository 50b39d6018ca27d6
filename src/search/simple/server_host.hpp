// What the servers of engine `simple` add to the one host: what the search chooses, within the
// scope's bounds, and snapshots.
#pragma once

#include "search/simple/scope.hpp"
#include "search/simple/server_process.hpp"

#include <vector>

namespace pmmc::simple::search {

using pmmc::search::cut;

class server_host final : public pmmc::search::part_host<server_process, input, step_outcome> {
public:
  explicit server_host(const scope& s);

  std::vector<server_process> first_processes() const;
  /// A command or a no-op for which there is no number or slot left waits.
  step_outcome step(const server_process& before, const input& in, cut survives) const;
  /// Whether a step may end between two of its records.
  bool may_be_cut() const { return scope_.crashes; }

private:
  server_core make(unsigned number, acceptor_state recovered, slot_num snapshot,
                   unsigned last_read) const;
  step_outcome try_step(server_process before, const input& in, cut survives, bool may_start) const;
  bool is_beyond_bounds(const server_process& p) const;
  bool choose_for_proposer(server_process& p, const input& in) const;

  void restart(running& s) const override;
  bool choose(running& s, const input& in) const override;
  void taken(running& s, const outputs& wanted) const override;
  std::vector<envelope> modelled(std::vector<envelope> sends) const override;
  void carry_out_rest(running& s, const outputs& wanted) const override;

  scope scope_;
  std::vector<role_id> servers_;
};

} // namespace pmmc::simple::search
