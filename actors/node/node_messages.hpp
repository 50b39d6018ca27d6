// Messages that only the processes' plumbing needs: how nodes find each other and tell operators
// how they are. The protocol itself is in src/consensus/messages.hpp, and what goes between
// replicas and clients in src/wire/parcel.hpp.
#pragma once

#include "consensus/messages.hpp"
#include "membership/cluster_facts.hpp"
#include "membership/introduction.hpp"
#include "membership/membership.hpp"
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

/// First message on a connection, from the node that dialled. See introduction.
struct hello {
  std::string cluster;
  std::string address;           ///< where the sender listens; empty for clients
  std::uint64_t incarnation = 0; ///< random, new at each start
  caf::actor node;
  std::vector<hosted_role> roles;
  cluster_identity identity = 0;
  config_version version = 0; ///< the latest that it knows; 0 of clients
  bool rejoins = false;       ///< see introduction
  cluster_facts facts;        ///< none of clients
};

/// The answer to a hello.
struct welcome {
  std::string refusal;      ///< empty: welcome; else why not
  bool was_removed = false; ///< why not: it was a member, and is none any more
  std::string cluster;
  std::string address;
  std::uint64_t incarnation = 0;
  std::vector<hosted_role> roles;
  membership known;
  cluster_facts facts;
};

/// Between nodes that have met, in both directions, so that a frozen or cut-off one is noticed.
struct heartbeat {
  std::uint64_t incarnation = 0; ///< of the sender
  config_version version = 0;    ///< the latest that it knows; 0 for clients
  config_version live_from = 0;
  cluster_identity identity = 0;
  std::int64_t wall_ms = 0; ///< the sender's clock, in ms since 1970
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
};

/// Node → its own roles: what is sent to `id` would be lost.
struct peer_down {
  role_id id;
  std::string why;
};

/// To an acceptor or leader that has lost what it promised, or which ballots it used: "this is what
/// I know of your disk". It stops its process before it harms those who do not know.
struct disk_refused {
  role_id by;
  known_peer known;
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
