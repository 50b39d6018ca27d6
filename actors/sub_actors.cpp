#include "sub_actors.hpp"

#include <memory>

namespace pmmc {

namespace {

template <class Core>
struct sub_shell {
  caf::actor leader;
  role_id leader_id;
  peer_directory peers;
  Core core;
};

scout_report report_of(const scout& core) { return {*core.outcome()}; }

commander_report report_of(const commander& core) {
  const auto& value = core.task().value;
  return {value.slot, value.ballot, *core.outcome()};
}

/// Sends what the core put out and, when it has its outcome, reports and quits.
template <class Core>
void carry_out(caf::event_based_actor* self, sub_shell<Core>& shell) {
  send_all(shell.leader, shell.leader_id, shell.peers, shell.core.take().send);
  if (!shell.core.outcome())
    return;
  self->send(shell.leader, report_of(shell.core));
  self->quit();
}

/// One shell serves both: `Reply` is p1b or p2b.
template <class Core, class Reply, class Task>
caf::behavior sub_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                        peer_directory peers, Task task) {
  set_shell_handlers(self, leader_id.str() + "'s sub-actor");
  auto shell = std::make_shared<sub_shell<Core>>(
      sub_shell<Core>{std::move(leader), leader_id, std::move(peers),
                      Core{leader_id, std::move(task), sub_ticks_per_resend}});
  carry_out(self, *shell);
  return {
      [=](const Reply& m) {
        shell->core.on(m);
        carry_out(self, *shell);
      },
      [=](const sub_tick& m) {
        shell->peers = m.peers;
        shell->core.on_tick();
        carry_out(self, *shell);
      },
  };
}

} // namespace

caf::behavior scout_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                          peer_directory peers, scout_task task) {
  return sub_actor<scout, p1b>(self, std::move(leader), leader_id, std::move(peers),
                               std::move(task));
}

caf::behavior commander_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                              peer_directory peers, commander_task task) {
  return sub_actor<commander, p2b>(self, std::move(leader), leader_id, std::move(peers),
                                   std::move(task));
}

} // namespace pmmc
