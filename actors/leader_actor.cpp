#include "leader_actor.hpp"

#include "known_disk.hpp"

namespace pmmc {

namespace {

void stop_sub_actors(leader_shell& shell) {
  for (const auto& [version, scout] : shell.scouts)
    caf::anon_send_exit(scout, caf::exit_reason::kill);
  for (const auto& [slot, commander] : shell.commanders)
    caf::anon_send_exit(commander, caf::exit_reason::kill);
  shell.scouts.clear();
  shell.commanders.clear();
}

void stop_scouts(leader_shell& shell, config_version version) {
  std::erase_if(shell.scouts, [version](const auto& entry) {
    if (entry.first == version)
      caf::anon_send_exit(entry.second, caf::exit_reason::kill);
    return entry.first == version;
  });
}

void stop_commander(leader_shell& shell, slot_num slot) {
  if (auto stopped = shell.commanders.extract(slot))
    caf::anon_send_exit(stopped.mapped(), caf::exit_reason::kill);
}

void log_change_of_office(const leader_shell& shell, bool was_active) {
  if (shell.core.is_active() && !was_active)
    spdlog::info("{} is active at ballot {}", shell.id.view(), to_string(shell.core.ballot()));
  else if (!shell.core.is_active() && was_active && shell.core.preempted_by() == ballot_num{})
    spdlog::warn("{} gives up its office: it hears no majority of the acceptors, or was removed",
                 shell.id.view());
  else if (!shell.core.is_active() && was_active)
    spdlog::info("{} is passive, preempted by {}", shell.id.view(),
                 to_string(shell.core.preempted_by()));
}

void start_child(caf::event_based_actor* self, leader_shell& shell, scout_task task) {
  const auto version = task.config->version;
  spdlog::log(task.to_slot == 0 ? spdlog::level::info : spdlog::level::debug,
              "{} scouts for ballot {} from slot {} in configuration {}", shell.id.view(),
              to_string(task.ballot), task.from_slot, version);
  ++shell.counted.scouts_started;
  shell.scouts.emplace_back(
      version, self->spawn(scout_actor, caf::actor{self}, shell.id, shell.peers, std::move(task)));
}

void start_child(caf::event_based_actor* self, leader_shell& shell, commander_task task) {
  const auto slot = task.value.slot;
  ++shell.counted.commanders_started;
  shell.commanders[slot] =
      self->spawn(commander_actor, caf::actor{self}, shell.id, shell.peers, std::move(task));
}

/// In the order of `outputs`.
void carry_out(caf::event_based_actor* self, leader_shell& shell) {
  auto out = shell.core.take();
  for (const auto& record : out.persist)
    shell.durable.save(record.free_seqnum);
  if (out.stop_all)
    stop_sub_actors(shell);
  for (const auto& child : out.stop)
    if (child.kind == sub_role_kind::scout)
      stop_scouts(shell, child.number);
    else
      stop_commander(shell, child.number);
  const caf::actor me{self};
  for (auto& task : out.start)
    std::visit([&](auto& wanted) { start_child(self, shell, std::move(wanted)); }, task);
  stamp_records(out.send, shell.durable.load());
  send_all(me, shell.id, shell.peers, std::move(out.send));
}

/// Every input goes through here, so that no output is forgotten.
template <class Input>
void handle(caf::event_based_actor* self, leader_shell& shell, const Input& input) {
  const bool was_active = shell.core.is_active();
  input(shell.core);
  carry_out(self, shell);
  if (was_active != shell.core.is_active())
    log_change_of_office(shell, was_active);
}

void tick(caf::event_based_actor* self, leader_shell& shell) {
  self->delayed_send(self, until_next_tick(), tick_atom::value);
  handle(self, shell, [](leader& core) { core.on_tick(); });
  tell_node(self, shell.members, shell.core.known_members());
  if (++shell.ticks % ticks_per_sub_tick != 0)
    return;
  for (const auto& [version, scout] : shell.scouts)
    self->send(scout, sub_tick{shell.peers});
  for (const auto& [slot, commander] : shell.commanders)
    self->send(commander, sub_tick{shell.peers});
}

role_status status_of(const leader_shell& shell) {
  role_status status;
  status.id = shell.id;
  status.kind = role_kind::leader;
  status.state = shell.core.current_vitals();
  status.format_id = shell.directory.info().format_id;
  status.is_fresh = shell.durable.load() == 0;
  status.uncounted = shell.uncounted;
  status.known_disks = shell.durable.known().format_ids();
  status.disk_bytes = storage::disk_bytes(shell.directory.path());
  return status;
}

void forget_scout(leader_shell& shell, const caf::strong_actor_ptr& scout) {
  std::erase_if(shell.scouts, [&](const auto& entry) { return entry.second == scout; });
}

/// A later ballot may have a commander for the same slot by now.
void forget_commander(leader_shell& shell, slot_num slot, const caf::strong_actor_ptr& commander) {
  const auto it = shell.commanders.find(slot);
  if (it != shell.commanders.end() && it->second == commander)
    shell.commanders.erase(it);
}

role_metrics metrics_of(caf::event_based_actor* self, const leader_shell& shell) {
  auto counted = shell.counted;
  counted.core = shell.core.counters();
  counted.scouts = shell.scouts.size();
  counted.commanders = shell.commanders.size();
  counted.proposals = shell.core.proposals().size();
  counted.waiting_for_commander = shell.core.waiting_for_commander();
  return {status_of(shell), self->mailbox().size(), counted};
}

} // namespace

caf::behavior leader_actor(caf::event_based_actor* self, std::shared_ptr<leader_shell> shell) {
  set_shell_handlers(self, shell->id.str());
  self->attach_functor([shell] { stop_sub_actors(*shell); }); // or the actor system waits for them
  self->send(self, tick_atom::value);
  return {
      [=](p2b& m) {
        if (const auto it = shell->commanders.find(m.slot); it != shell->commanders.end())
          self->send(it->second, std::move(m));
      },
      [=](const propose& m) { handle(self, *shell, [&](leader& core) { core.on(m); }); },
      [=](const commander_report& m) {
        forget_commander(*shell, m.slot, self->current_sender());
        handle(self, *shell, [&](leader& core) { core.on(m.outcome, m.ballot); });
      },
      [=](tick_atom) { tick(self, *shell); },
      [=](const ping& m) {
        note_records(self, *shell, m);
        handle(self, *shell, [&](leader& core) { core.on(m); });
      },
      [=](const pong& m) {
        note_records(self, *shell, m);
        handle(self, *shell, [&](leader& core) { core.on(m); });
      },
      [=](const p1b& m) {
        for (const auto& [version, scout] : shell->scouts)
          self->send(scout, m);
      },
      [=](const scout_report& m) {
        forget_scout(*shell, self->current_sender());
        handle(self, *shell, [&](leader& core) { core.on(m.outcome); });
      },
      [=](const config_news& m) { handle(self, *shell, [&](leader& core) { core.on(m); }); },
      [=](const members_news& m) {
        handle(self, *shell, [&](leader& core) { hear_from_node(self, shell->members, core, m); });
      },
      [=](const peer_up& m) { meet_peer(*shell, m.role); },
      [=](const disk_refused& m) { stop_if_refused(shell->id, shell->own, m); },
      [=](const peer_down& m) {
        lose_peer(*shell, m.id);
        handle(self, *shell, [&](leader& core) { core.on_peer_down(m.id); });
      },
      [=](const status_request&) { return status_of(*shell); },
      [=](const metrics_request&) { return metrics_of(self, *shell); },
  };
}

} // namespace pmmc
