// PMMC RECONFIG: a change of the members, in a thread of its own.
#pragma once

#include "change/change_words.hpp"
#include "client.hpp"
#include "config/cluster_file.hpp"

#include <caf/all.hpp>
#include <cstdint>
#include <string>

namespace pmmc {

/// Change → port: for the log. Answered with change_proposed.
struct propose_change {
  std::string op;
};

struct change_proposed {
  client_outcome outcome;
};

/// Change → port, at its end.
struct change_ended {
  std::uint64_t ticket = 0;
  std::string reply; ///< as kv::reply_writer wrote it
};

/// Does what `pmmc reconfig` does, as if by a client on this machine, but for the proposal, which
/// `port` submits. `port` gets a change_ended.
void start_change(caf::actor_system& system, const caf::actor& port, std::uint64_t ticket,
                  const redis_change& change, const config::cluster_file& cluster);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::propose_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::change_proposed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::change_ended)
