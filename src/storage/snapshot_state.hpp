// A state out of a snapshot: the one way of a start, of a snapshot that was just written or
// fetched, and of `pmmc inspect`.
#pragma once

#include "service/replicated_state.hpp"
#include "storage/snapshot_reader.hpp"

#include <functional>
#include <memory>

namespace pmmc::storage {

/// Makes the state before slot 1, to restore snapshots into.
using state_factory = std::function<std::unique_ptr<replicated_state>()>;

/// Looks into a snapshot before it is published. Throws snapshot_damaged if it must not be.
using snapshot_check = std::function<void(snapshot_reader&)>;

/// The state of the snapshot, checked up to its end. Throws snapshot_damaged if it is not good, or
/// is none that can be restored.
std::unique_ptr<replicated_state> restore_state(snapshot_reader& snapshot,
                                                const state_factory& make_state);

} // namespace pmmc::storage
