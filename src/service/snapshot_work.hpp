// What a part that holds the replicated state wants of who writes and reads its snapshots.
#pragma once

#include "consensus/messages.hpp"
#include "service/replicated_state.hpp"

#include <memory>
#include <vector>

namespace pmmc {

/// Comes behind what is to be sent, in this order.
struct snapshot_work {
  /// Write this to disk, without holding up the part, and call `snapshot_saved`, or
  /// `snapshot_failed`.
  std::unique_ptr<replicated_state> save_snapshot;

  /// Read a piece of the durable snapshot of `slot` (0: the latest) and send it to `to`.
  struct read_piece {
    role_id to;
    slot_num slot = 0;
    std::uint64_t offset = 0;
  };
  std::vector<read_piece> read_snapshot;

  /// Pieces of another one's snapshot, in order. A piece at offset 0 begins a new snapshot. When
  /// the last one is written, verify the whole, make it durable, and call `install` with its
  /// content, or `snapshot_rejected`.
  std::vector<snapshot_chunk> store_snapshot;
};

} // namespace pmmc
