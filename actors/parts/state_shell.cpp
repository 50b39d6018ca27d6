#include "parts/state_shell.hpp"

#include "storage/unknown_memory.hpp"

namespace pmmc {

/// A server votes: what it promised must not be forgotten.
std::string state_shell::what_then() const {
  if (directory.info().kind == role_kind::server)
    return ", and " + storage::server_advice();
  return ", move it away, and run `pmmc init --id " + id.str() +
         "`: it then fetches the state from the others";
}

void state_shell::report_differing(const std::map<role_id, slot_num>& differing, bool is_outvoted) {
  if (differing == reported && !is_outvoted)
    return;
  reported = differing;
  std::string others;
  for (const auto& [other, slot] : reported)
    others += (others.empty() ? "" : ", ") + other.str() + " (slot " + std::to_string(slot) + ")";
  if (is_outvoted)
    fatal(id.view(), "more than half of the " + std::string{to_string(directory.info().kind)} +
                         "s have done the same, and something else than this one: " + others +
                         ". Keep its data directory for a report" + what_then() +
                         " (docs/OPERATIONS.md, \"Replicas differ\")");
  if (!others.empty())
    spdlog::error("{} has done something else than {}, and no majority says who is wrong. Stop "
                  "writing (docs/OPERATIONS.md, \"Replicas differ\")",
                  id.view(), others);
}

caf::result<export_ready> open_export(caf::event_based_actor* self, state_shell& shell,
                                      const replicated_state& state) {
  std::erase_if(shell.frozen, [](const auto& known) { return known.expired(); });
  if (shell.frozen.size() >= max_exports)
    return refusal_in_words("it serves " + std::to_string(max_exports) +
                            " exports already, as many as it may at a time");
  const frozen_state frozen{state.clone()};
  shell.frozen.push_back(frozen.state);
  return export_ready{state.slot_out(),
                      spawn_helper(self, shell, export_reader, shell.id, frozen,
                                   caf::actor_cast<caf::actor>(self->current_sender()))};
}

} // namespace pmmc
