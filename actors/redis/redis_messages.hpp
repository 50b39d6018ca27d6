// Between the broker of a Redis port and the actor behind it, in one process.
#pragma once

#include "consensus/messages.hpp"
#include "redis/connection_event.hpp"
#include "redis/front.hpp"
#include "wire/wire.hpp"

#include <caf/all.hpp>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

using redis_event = redis::connection_event;

/// Broker → port. Those of many connections at once.
struct redis_events {
  redis::connection_events events;
};

/// Port → broker.
struct redis_replies {
  std::vector<redis::front_outputs::reply> replies;
};

/// Port → broker, about once a second, while large replies wait until others have been read.
struct redis_room_wanted {};

/// Port → replica of its process: which acceptors hold what? Answered with acceptor_progress.
struct acceptor_progress_request {};

struct acceptor_progress {
  slot_num slot_out = 0;                ///< of the replica
  std::map<role_id, slot_num> accepted; ///< acceptor → highest slot that it said it accepted
};

/// Desk → port: what a question is answered with.
struct desk_answer {
  std::uint64_t ticket = 0;
  std::string reply; ///< as kv::reply_writer wrote it
};

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::redis_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::redis_replies)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::redis_room_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::acceptor_progress_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::acceptor_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::desk_answer)
