#include "parts/leader_actor.hpp"

#include <algorithm>

namespace pmmc {

void leader_shell::persist(const std::vector<seqnum_record>& records) {
  for (const auto& record : records)
    durable.save(record.free_seqnum);
}

void leader_shell::starts(const sub_role_task& task) {
  const auto* asks = std::get_if<scout_task>(&task);
  if (asks == nullptr) {
    ++counted.commanders_started;
    return;
  }
  ++counted.scouts_started;
  spdlog::log(asks->to_slot == 0 ? spdlog::level::info : spdlog::level::debug,
              "{} scouts for ballot {} from slot {} in configuration {}", id.view(),
              to_string(asks->ballot), asks->from_slot, asks->config->version);
}

/// Logs a change of office.
void leader_shell::carry_out_rest(caf::event_based_actor*, leader_outputs&) {
  if (core.is_active() == was_active)
    return;
  was_active = core.is_active();
  if (was_active)
    spdlog::info("{} is active at ballot {}", id.view(), to_string(core.ballot()));
  else if (core.preempted_by() == ballot_num{})
    spdlog::warn("{} gives up its office: it hears no majority of the acceptors, or was removed",
                 id.view());
  else
    spdlog::info("{} is passive, preempted by {}", id.view(), to_string(core.preempted_by()));
}

void leader_shell::complete(role_status& status, bool) const {
  status.is_fresh = durable.load() == 0;
}

std::size_t leader_shell::count(sub_role_kind kind) const {
  return static_cast<std::size_t>(std::count_if(
      children.begin(), children.end(), [&](const auto& c) { return c.first.kind == kind; }));
}

leader_metrics leader_shell::metrics() const {
  auto all = counted;
  all.core = core.counters();
  all.scouts = count(sub_role_kind::scout);
  all.commanders = count(sub_role_kind::commander);
  all.proposals = core.proposals().size();
  all.waiting_for_commander = core.waiting_for_commander();
  return all;
}

caf::behavior leader_actor(caf::event_based_actor* self, std::shared_ptr<leader_shell> shell) {
  self->attach_functor([shell] { stop_children(*shell); }); // or the actor system waits for them
  return part_handlers(self, shell)
      .or_else(
          [=](const sub_role_report& m) {
            forget_child(*shell, m.from, self->current_sender());
            shell->core.on(m);
            input_handled(self, *shell);
          },
          [=](const disk_refused& m) { hear_refusal(self, *shell, m); });
}

} // namespace pmmc
