// Scout and commander as sub-actors of the leader actor. They send as the leader and are answered
// through it: an actor that talks to other processes itself costs a proxy in each of them.
#pragma once

#include "consensus/pmmc/sub_roles.hpp"
#include "parts/shell.hpp"

namespace pmmc {

/// Leader → its sub-actors, every now and then: send again, to those that can be reached now.
struct sub_tick {
  peer_directory peers;
};

/// How many of the leader's ticks go by from one sub_tick to the next, and how many of those until
/// a sub-actor sends again: 200 ms.
inline constexpr unsigned ticks_per_sub_tick = 5;
inline constexpr unsigned sub_ticks_per_resend = 4;

/// p1b or p2b, sub_tick → the core. Its last act is a sub_role_report to `leader`.
caf::behavior sub_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                        peer_directory peers, sub_role_task task);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::sub_role_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::sub_tick)
