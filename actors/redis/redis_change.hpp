// PMMC RECONFIG: a change of the members, in a thread of its own.
#pragma once

#include "change/change_words.hpp"
#include "config/cluster_file.hpp"
#include "service/client.hpp"

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

/// Where it is made.
struct change_place {
  config::cluster_file cluster;
  caf::actor node; ///< of this process: asks the others
  caf::actor port; ///< submits the proposal
};

/// Does what `pmmc reconfig` does, inside a process and over its connections. The port gets a
/// change_ended.
void start_change(caf::actor_system& system, std::uint64_t ticket, const redis_change& change,
                  const change_place& place);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::propose_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::change_proposed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::change_ended)
