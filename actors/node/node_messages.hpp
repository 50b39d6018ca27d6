// Messages that only the processes' plumbing needs: how nodes find each other and tell operators
// how they are. What processes say in them is in src/membership (introduction.hpp, heartbeat.hpp,
// disk_refused), the protocol itself in src/consensus/messages.hpp, and what goes between replicas
// and clients in src/wire/parcel.hpp.
#pragma once

#include "consensus/messages.hpp"
#include "membership/heartbeat.hpp"
#include "membership/introduction.hpp"
#include "membership/known_disks.hpp"
#include "node/status_messages.hpp"
#include "wire/parcel.hpp"

#include <caf/actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace pmmc {

struct hosted_role {
  role_id id;
  role_kind kind = role_kind::client;
  std::string format_id; ///< of its data directory; empty for clients
  caf::actor handle;
  life_history lives = {};   ///< acceptors and leaders
  std::uint64_t records = 0; ///< that it held durably when this life of it began

  introduced_role introduced() const { return {id, kind, format_id, lives, records}; }
};

/// First message on a connection, from the node that dialled.
struct hello {
  std::string said; ///< an introduction, as wire/message_codec.hpp writes it
  caf::actor node;
  std::vector<caf::actor> handles; ///< of the roles that it names, in their order
};

/// The answer to a hello.
struct welcome {
  std::string said;                ///< an introduction_reply, likewise
  std::vector<caf::actor> handles; ///< likewise
};

/// The road of a new configuration. A role that knows more than it has told tells its node; a node
/// that learns anything tells its own roles and all nodes that it is connected with, and who shows
/// by its heartbeat that it knows less.
struct members_news {
  membership known;
};

/// Node → its own roles: a role (of this process or another) can be reached at this handle from now
/// on.
struct peer_up {
  hosted_role role;
  std::string address = {}; ///< of its process; empty for clients
  bool is_own = false;      ///< of the same process
  bool is_guest = false;    ///< no member at that address
};

/// Node → its own roles: what is sent to `id` would be lost.
struct peer_down {
  role_id id;
  std::string why;
};

/// Client → replica: "freeze the state as it is, and give me an actor that reads it".
struct export_open {
  role_id replica; ///< the one that is meant
};

struct export_ready {
  slot_num slot = 0; ///< the frozen state reflects all slots below
  caf::actor reader; ///< answers export_page with the state machine's answer (a string)
};

/// Client → export reader: a read-only operation on the frozen state.
struct export_page {
  std::string op;
};

} // namespace pmmc
