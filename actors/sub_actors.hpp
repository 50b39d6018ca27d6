// Scout and commander as sub-actors of the leader actor. They send as the leader and are answered
// through it: an actor that talks to other processes itself costs a proxy in each of them.
#pragma once

#include "commander.hpp"
#include "scout.hpp"
#include "shell.hpp"

namespace pmmc {

/// Scout → leader, as its last act.
struct scout_report {
  scout_outcome outcome;
};

/// Commander → leader, as its last act.
struct commander_report {
  slot_num slot = 0;
  ballot_num ballot;
  commander_outcome outcome;
};

/// Leader → its sub-actors, every now and then: send again, to those that can be reached now.
struct sub_tick {
  peer_directory peers;
};

/// How many of the leader's ticks go by from one sub_tick to the next, and how many of those until
/// a sub-actor sends again: 200 ms.
inline constexpr unsigned ticks_per_sub_tick = 5;
inline constexpr unsigned sub_ticks_per_resend = 4;

caf::behavior scout_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                          peer_directory peers, scout_task task);

caf::behavior commander_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                              peer_directory peers, commander_task task);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::scout_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::commander_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::sub_tick)
