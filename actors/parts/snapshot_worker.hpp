// The replica's helper for everything that blocks on the disk: writing, reading and taking over
// snapshots, beside the replica, not in it.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "parts/shell.hpp"
#include "storage/snapshot_keeper.hpp"

#include <memory>
#include <string>

namespace pmmc {

using storage::state_factory;

/// Replica → worker: make this durable. Answered with snapshot_saved, or snapshot_unreadable.
struct save_snapshot {
  std::shared_ptr<replicated_state> state;
};
struct snapshot_unreadable {
  std::string why;
};
struct snapshot_saved {
  slot_num slot = 0;
};

/// Replica → worker: read a piece for another replica. Answered with piece_read.
struct read_piece {
  replica_outputs::read_piece what;
};
struct piece_read {
  role_id to;
  snapshot_chunk chunk;
};

/// Replica → worker: a piece of another replica's snapshot. The last one is answered with
/// snapshot_fetched.
struct store_piece {
  snapshot_chunk chunk;
};
struct snapshot_fetched {
  std::shared_ptr<replicated_state> state; ///< nothing: what came cannot be restored
  std::string why;                         ///< then
};

/// Spawn it detached. A disk that fails ends the process.
caf::behavior snapshot_worker(caf::event_based_actor* self, role_id replica,
                              storage::snapshot_keeper snapshots);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::save_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::snapshot_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::snapshot_unreadable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::read_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::piece_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::store_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::snapshot_fetched)
