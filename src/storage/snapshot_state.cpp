#include "storage/snapshot_state.hpp"

#include "storage/snapshot_format.hpp"

namespace pmmc::storage {

std::unique_ptr<replicated_state> restore_state(snapshot_reader& snapshot,
                                                const state_factory& make_state) {
  auto state = make_state();
  try {
    state->read(snapshot.stream());
  } catch (const storage_error&) { // of the file, not of what is in it
    throw;
  } catch (const std::runtime_error& e) {
    snapshot.refuse(e.what());
  }
  snapshot.finish();
  if (state->slot_out() != snapshot.slot())
    snapshot.refuse("it holds the state at slot " + std::to_string(state->slot_out()));
  return state;
}

} // namespace pmmc::storage
