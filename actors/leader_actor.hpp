// The leader as an actor.
#pragma once

#include "leader.hpp"
#include "metrics_messages.hpp"
#include "shell.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"
#include "sub_actors.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace pmmc {

struct leader_shell {
  leader_shell(leader::settings options, storage::data_directory opened,
               config_history configurations)
      : id(options.id), directory(std::move(opened)), durable(directory),
        core(options, durable.load(), std::move(configurations)) {
    durable.begin_life();
    own = {directory.info().format_id, durable.lives(), durable.load()};
  }

  role_id id;
  storage::data_directory directory;
  storage::role_state durable;
  directory_facts own; ///< as this life began
  leader core;
  peer_directory peers;
  members_link members;
  std::map<role_id, std::string> uncounted; ///< whom it refuses, and why
  std::vector<std::pair<config_version, caf::actor>> scouts;
  std::map<slot_num, caf::actor> commanders;
  std::uint64_t ticks = 0;
  leader_metrics counted; ///< what the core does not know
};

/// Spawns its scouts and commanders, hands them the acceptors' answers, and takes their reports.
///
/// propose, ping, pong, config_news, members_news → the core
/// p1b, p2b              → its scouts; the commander of the slot
/// peer_up, peer_down    → whom it can reach; an acceptor that comes back with another disk is not
/// status_request        → role_status
caf::behavior leader_actor(caf::event_based_actor* self, std::shared_ptr<leader_shell> shell);

} // namespace pmmc
