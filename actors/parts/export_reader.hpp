// Reads a frozen copy of the replicated state, page by page, for one client (`pmmc export`).
#pragma once

#include "parts/shell.hpp"
#include "service/replicated_state.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace pmmc {

struct frozen_state {
  std::shared_ptr<const replicated_state> state;
};

/// A reader that is not asked for so long is given up.
inline constexpr std::chrono::seconds export_idle{30};

/// So many may a replica have at a time: each is a thread, and keeps a state from being changed in
/// its place.
inline constexpr std::size_t max_exports = 16;

/// Spawn it detached. export_page → the state machine's answer, as a string. Ends with `client`.
caf::behavior export_reader(caf::event_based_actor* self, role_id replica, frozen_state frozen,
                            const caf::actor& client);

} // namespace pmmc

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pmmc::frozen_state)
