#include "parts/client_actor.hpp"

#include <chrono>
#include <utility>

namespace pmmc {

namespace {

void flush(caf::event_based_actor* self, client_shell& shell) {
  shell.flush_due = false;
  auto out = shell.core.take();
  send_all(caf::actor{self}, shell.id, shell.peers, std::move(out.send));
  for (auto& outcome : out.finished) {
    auto ticket = shell.tickets.extract(outcome.ticket);
    self->send(ticket.mapped().user, client_done{ticket.mapped().tag, std::move(outcome)});
  }
}

void flush_later(caf::event_based_actor* self, client_shell& shell) {
  if (!std::exchange(shell.flush_due, true))
    self->send(self, flush_atom::value);
}

void submit(caf::event_based_actor* self, client_shell& shell, client_submit& m) {
  std::uint64_t ticket = 0;
  switch (m.kind) {
  case submission_kind::operation:
    ticket = shell.core.submit(std::move(m.op), m.timeout_ticks);
    break;
  case submission_kind::reconfiguration:
    ticket = shell.core.submit(std::move(m.op), m.timeout_ticks, request_kind::reconfigure);
    break;
  case submission_kind::query:
    ticket = shell.core.submit_query(std::move(m.op), m.timeout_ticks);
    break;
  case submission_kind::finish:
    ticket = shell.core.finish(m.timeout_ticks);
    break;
  }
  shell.tickets.emplace(
      ticket, client_shell::waiting{caf::actor_cast<caf::actor>(self->current_sender()), m.tag});
  flush_later(self, shell);
}

void take_replies(client_shell& shell, client_replies& m) {
  for (auto& r : m.responses)
    shell.core.on(m.replica, std::move(r));
  for (auto& q : m.query_replies)
    shell.core.on(m.replica, std::move(q));
}

} // namespace

caf::behavior client_actor(caf::event_based_actor* self, std::shared_ptr<client_shell> shell) {
  const auto dropped = set_shell_handlers(self, shell->id.str());
  shell->ticks = late_ticks{self->clock().now()};
  self->send(self, tick_atom::value);
  return {
      [=](client_submit& m) { submit(self, *shell, m); },
      mail_handler(dropped, overloaded{[=](client_replies& m) {
                                         take_replies(*shell, m);
                                         flush_later(self, *shell);
                                       },
                                       [=](const better_replica& m) { shell->core.on(m); }}),
      [=](flush_atom) { flush(self, *shell); },
      [=](tick_atom) {
        self->delayed_send(self, until_next_tick(), tick_atom::value);
        for (auto due = shell->ticks.due(self->clock().now()); due > 0; --due)
          shell->core.on_tick();
        flush_later(self, *shell);
      },
      [=](const peer_up& m) {
        shell->peers.up(m.role);
        if (serves_clients(m.role.kind))
          shell->core.on_replica_up(m.role.id, m.address);
        flush_later(self, *shell);
      },
      [=](const peer_down& m) {
        shell->peers.down(m.id);
        shell->core.on_replica_down(m.id, m.why);
        flush_later(self, *shell);
      },
      [=](const export_open& m) -> caf::result<caf::message> {
        if (const auto* replica = shell->peers.find(m.replica))
          return self->delegate(*replica, m);
        return caf::make_error(caf::sec::remote_lookup_failed);
      },
  };
}

} // namespace pmmc
