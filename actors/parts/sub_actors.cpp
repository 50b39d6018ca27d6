#include "parts/sub_actors.hpp"

#include <memory>
#include <utility>

namespace pmmc {

namespace {

struct sub_shell {
  caf::actor leader;
  role_id leader_id;
  peer_directory peers;
  sub_role core;
};

/// Sends what the core put out and, when it has its outcome, reports and quits.
void carry_out(caf::event_based_actor* self, sub_shell& shell) {
  send_all(shell.leader, shell.leader_id, shell.peers, shell.core.take().send);
  if (auto report = shell.core.report()) {
    self->send(shell.leader, std::move(*report));
    self->quit();
  }
}

} // namespace

caf::behavior sub_actor(caf::event_based_actor* self, caf::actor leader, role_id leader_id,
                        peer_directory peers, sub_role_task task) {
  const auto dropped = set_shell_handlers(self, leader_id.str() + "'s sub-actor");
  auto shell = std::make_shared<sub_shell>(
      sub_shell{std::move(leader), leader_id, std::move(peers),
                sub_role{leader_id, std::move(task), sub_ticks_per_resend}});
  carry_out(self, *shell);
  return {
      mail_handler(
          dropped,
          [=]<class Message>(Message & m) requires takes_alone<sub_role, Message> {
            shell->core.on(m);
            carry_out(self, *shell);
          }),
      [=](const sub_tick& m) {
        shell->peers = m.peers;
        shell->core.on_tick();
        carry_out(self, *shell);
      },
  };
}

} // namespace pmmc
