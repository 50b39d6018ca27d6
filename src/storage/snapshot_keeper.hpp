// What a replica's helper does with its snapshots, in every driver: it writes, reads and takes them
// over.
#pragma once

#include "consensus/pmmc/replica.hpp"
#include "storage/snapshot_store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace pmmc::storage {

/// The state of the newest snapshot, or the one before slot 1. Throws storage_error if it is
/// damaged.
std::unique_ptr<replicated_state> newest_state(const snapshot_store& snapshots,
                                               const state_factory& make_state);

/// One thread at a time. What fails for the disk's sake throws storage_error: stop the process.
class snapshot_keeper {
public:
  /// Answers with pieces of `piece_bytes` at the most.
  snapshot_keeper(role_id replica, snapshot_store snapshots, state_factory make_state,
                  std::size_t piece_bytes = 256 << 10);

  /// Durable when it returns, and such that an equal state can be restored from it; that takes the
  /// memory of one more state for a moment. Throws snapshot_damaged if it cannot: then the
  /// snapshots are as before.
  void save(const replicated_state& state);

  /// For another replica; slot 0 in it: there is no such snapshot, or not any more.
  snapshot_chunk read(const replica_outputs::read_piece& what) const;

  struct fetched {
    std::unique_ptr<replicated_state> state; ///< nothing: what came cannot be restored
    std::string why;                         ///< then
  };
  /// Takes a piece of another replica's snapshot. Returns something with the last one, when
  /// everything is verified, restored and durable, or when the pieces do not fit together.
  std::optional<fetched> store(const snapshot_chunk& piece);

private:
  role_id replica_;
  snapshot_store snapshots_;
  state_factory make_state_;
  std::size_t piece_bytes_;
  std::optional<snapshot_receiver> incoming_;
};

} // namespace pmmc::storage
