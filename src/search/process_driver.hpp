// Runs the processes of one scope, each as its host does it, and sends what a replica would that is
// no process of the scope.
#pragma once

#include "search/acceptor_host.hpp"
#include "search/leader_host.hpp"
#include "search/process.hpp"
#include "search/replica_host.hpp"

#include <vector>

namespace pmmc::search {

class process_driver {
public:
  explicit process_driver(const scope& s);

  std::vector<process> first_processes() const;
  std::vector<envelope> first_messages() const;
  /// What the replica proposes when it has performed these commands, from slot 1 on.
  std::vector<envelope> reaction(const std::vector<command>& performed) const;
  /// What replicas send when all slots below `slot_out` are decided: that one has performed them,
  /// or that f + 1 hold them on disk.
  std::vector<envelope> announcement(slot_num slot_out) const;
  /// A step gives a process one input and says everything that came of it.
  step_outcome step(const process& before, const input& in) const;

private:
  void propose_slot(std::vector<envelope>& to, slot_num slot, config_version version) const;
  void send_to_all(std::vector<envelope>& to, const message& m) const;

  scope scope_;
  std::vector<configuration> configs_;
  acceptor_host acceptors_;
  sub_role_host sub_roles_;
  leader_host leaders_;
  replica_host replicas_;
};

} // namespace pmmc::search
