// The leader as an actor.
#pragma once

#include "consensus/pmmc/leader.hpp"
#include "parts/part_host.hpp"

#include <memory>
#include <vector>

namespace pmmc {

struct leader_shell : role_shell {
  leader_shell(leader::settings options, storage::data_directory opened,
               config_history configurations)
      : role_shell(options.id, std::move(opened)),
        core(options, durable.load(), std::move(configurations)) {
    durable.begin_life();
    own = {directory.info().format_id, durable.lives(), durable.load()};
  }

  static constexpr bool joins_inputs = false;
  void persist(const std::vector<seqnum_record>& records);
  void starts(const sub_role_task& task);
  void sends(std::vector<envelope>& out) const { stamp_records(out, durable.load()); }
  void carry_out_rest(caf::event_based_actor* self, leader_outputs& out);
  void complete(role_status& status, bool with_fingerprint) const;
  leader_metrics metrics() const;
  /// Of its children at work.
  std::size_t count(sub_role_kind kind) const;

  leader core;
  leader_metrics counted; ///< what the core does not know
  bool was_active = false;
};

/// Spawns its scouts and commanders, hands them the acceptors' answers, and takes their reports.
///
/// propose, ping, pong   → the core
/// members_news          → which configurations there are
/// p1b, p2b              → the scout of the version; the commander of the slot
/// sub_role_report       → the core
/// peer_up, peer_down    → whom it can reach; an acceptor that comes back with another disk is not
/// status_request        → role_status
caf::behavior leader_actor(caf::event_based_actor* self, std::shared_ptr<leader_shell> shell);

} // namespace pmmc
