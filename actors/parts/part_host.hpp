// The one host for a part as an actor. What differs from role to role is in the shells of
// acceptor_actor, leader_actor, replica_actor and server_actor, and in their further handlers.
#pragma once

#include "base/invariant.hpp"
#include "consensus/part.hpp"
#include "node/known_disk.hpp"
#include "parts/metrics_messages.hpp"
#include "parts/shell.hpp"
#include "parts/sub_actors.hpp"
#include "storage/data_directory.hpp"
#include "storage/role_state.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc {

/// What a role has as an actor, beside its core. The functions are what a kind of role may do
/// otherwise.
struct role_shell {
  role_shell(role_id role, storage::data_directory opened)
      : id(std::move(role)), directory(std::move(opened)), durable(directory) {}

  role_id id;
  storage::data_directory directory;
  storage::role_state durable;
  directory_facts own; ///< as this life began
  peer_directory peers;
  members_link members;
  std::map<role_id, std::string> uncounted; ///< whom it refuses, and why
  std::set<role_id> own_peers;              ///< of the same process
  disk_refusals refused_by;
  std::map<sub_role_id, caf::actor> children; ///< its scouts and commanders at work
  std::uint64_t ticks = 0;
  bool flush_due = false;

  /// Whether outputs wait until all that is in the mailbox has been handled.
  static constexpr bool joins_inputs = true;
  static constexpr bool has_ticks = true;
  /// Whether somebody else writes what is to be persisted, while inputs are handled.
  static constexpr bool writes_beside = false;

  /// Whether a message of this sender is taken.
  template <class Message>
  bool admits(const Message&, const caf::strong_actor_ptr&) const {
    return true;
  }
  void ticked() {}
  void has_met() {}
  void flush() {}
  void persist(const std::vector<no_record>&) {}
  void starts(const sub_role_task&) {}
  void sends(std::vector<envelope>&) {}
  template <class Outputs>
  void carry_out_rest(caf::event_based_actor*, Outputs&) {}
};

template <class Shell>
using role_of = decltype(Shell::core);

// --- Outputs ------------------------------------------------------------------------------------

inline void stop_children(role_shell& shell) {
  for (const auto& [id, child] : std::exchange(shell.children, {}))
    caf::anon_send_exit(child, caf::exit_reason::kill);
}

inline void stop_child(role_shell& shell, const sub_role_id& id) {
  if (auto stopped = shell.children.extract(id))
    caf::anon_send_exit(stopped.mapped(), caf::exit_reason::kill);
}

template <class Shell>
void start_child(caf::event_based_actor* self, Shell& shell, sub_role_task task) {
  shell.starts(task);
  const auto [it, is_new] = shell.children.try_emplace(id_of(task));
  PMMC_INVARIANT(is_new, "C1: a scout or commander starts when the one before has gone");
  it->second = self->spawn(sub_actor, caf::actor{self}, shell.id, shell.peers, std::move(task));
}

/// In the order of `outputs`: all but what is persisted, which is durable.
template <class Shell, class Outputs>
void carry_out_durable(caf::event_based_actor* self, Shell& shell, Outputs& out) {
  if constexpr (has_children<role_of<Shell>>) {
    if (out.stop_all)
      stop_children(shell);
    for (const auto& id : out.stop)
      stop_child(shell, id);
    for (auto& task : out.start)
      start_child(self, shell, std::move(task));
  }
  shell.sends(out.send);
  tell_node_of_configuration(self, shell.members, shell.core);
  send_all(caf::actor{self}, shell.id, shell.peers, std::move(out.send));
  shell.carry_out_rest(self, out);
}

/// Throws if the disk fails: the exception handler ends the process.
template <class Shell>
void carry_out(caf::event_based_actor* self, Shell& shell) {
  shell.flush_due = false;
  shell.flush();
  auto out = shell.core.take();
  if constexpr (Shell::writes_beside) {
    shell.write_beside(self, std::move(out));
  } else {
    if (!out.persist.empty())
      shell.persist(out.persist);
    carry_out_durable(self, shell, out);
  }
}

/// The flush stands behind everything that is in the mailbox already.
template <class Shell>
void flush_later(caf::event_based_actor* self, Shell& shell) {
  if (!std::exchange(shell.flush_due, true))
    self->send(self, flush_atom::value);
}

/// After every input, so that no output is forgotten.
template <class Shell>
void input_handled(caf::event_based_actor* self, Shell& shell) {
  if constexpr (Shell::joins_inputs)
    flush_later(self, shell);
  else
    carry_out(self, shell);
}

// --- Inputs -------------------------------------------------------------------------------------

template <class Shell, class Message>
constexpr bool is_for_child = has_children<role_of<Shell>>&& requires(const Message& m) {
  sub_roles::addressee(m);
};

template <class Shell, class Message>
void handle(caf::event_based_actor* self, Shell& shell, Message& m) {
  if constexpr (is_for_child<Shell, Message>) {
    if (const auto child = shell.children.find(sub_roles::addressee(m));
        child != shell.children.end())
      self->send(child->second, mail{std::move(m)});
  } else {
    if (!shell.admits(m, self->current_sender()))
      return;
    constexpr bool is_gossip = std::same_as<Message, ping> || std::same_as<Message, pong>;
    if constexpr (is_gossip) {
      if (!shell.peers.is_up(m.from, self->current_sender()))
        return; // another process has that id, too: it could not be answered
      if (shell.peers.is_guest(m.from))
        leave_out_what_members_say(m.state);
      note_records(shell, m);
    }
    deliver(shell.core, {}, m);
    input_handled(self, shell);
    if constexpr (!Shell::has_ticks && is_gossip)
      tell_node(self, shell.members, shell.core.known_members());
  }
}

template <class Shell>
void tick(caf::event_based_actor* self, Shell& shell) {
  self->delayed_send(self, until_next_tick(), tick_atom::value);
  shell.core.on_tick();
  shell.ticked();
  input_handled(self, shell);
  tell_node(self, shell.members, shell.core.known_members());
  if (++shell.ticks % ticks_per_sub_tick == 0)
    for (const auto& [id, child] : shell.children)
      self->send(child, sub_tick{shell.peers});
}

/// A later ballot may have a child of the same id by now.
inline void forget_child(role_shell& shell, const sub_role_id& id,
                         const caf::strong_actor_ptr& child) {
  const auto it = shell.children.find(id);
  if (it != shell.children.end() && it->second == child)
    shell.children.erase(it);
}

// --- What operators ask -------------------------------------------------------------------------

template <class Shell>
role_status status_of(const Shell& shell, bool with_fingerprint = false) {
  role_status status;
  status.id = shell.id;
  status.kind = shell.directory.info().kind;
  status.state = shell.core.current_vitals();
  status.format_id = shell.directory.info().format_id;
  status.uncounted = shell.uncounted;
  status.known_disks = shell.durable.known().format_ids();
  status.disk_bytes = storage::disk_bytes(shell.directory.path());
  shell.complete(status, with_fingerprint);
  return status;
}

// --- Handlers -----------------------------------------------------------------------------------

/// Whether it comes to the part by itself. What the part takes together with its sender is a
/// client's, and comes in a group.
template <class Shell, class Message>
constexpr bool is_taken = takes_alone<role_of<Shell>, Message> || is_for_child<Shell, Message>;

/// `take_groups`: functions for the groups that the part takes.
template <class Shell, class... TakeGroups>
caf::message_handler part_handlers(caf::event_based_actor* self,
                                   const std::shared_ptr<Shell>& shell, TakeGroups... take_groups) {
  const auto dropped = set_shell_handlers(self, shell->id.str());
  if constexpr (Shell::has_ticks)
    self->send(self, tick_atom::value);
  const auto take = [=]<class Message>(Message & m) requires is_taken<Shell, Message> {
    handle(self, *shell, m);
  };
  return caf::message_handler{mail_handler(dropped, overloaded{take, take_groups...})}.or_else(
      [=](flush_atom) { carry_out(self, *shell); }, [=](tick_atom) { tick(self, *shell); },
      [=](const members_news& m) {
        hear_from_node(self, shell->members, shell->core, m);
        input_handled(self, *shell);
      },
      [=](const peer_up& m) {
        meet_peer(self, *shell, m);
        shell->has_met();
      },
      [=](const peer_down& m) {
        lose_peer(*shell, m.id);
        shell->core.on_peer_down(m.id);
        input_handled(self, *shell);
      },
      [=](const status_request& m) { return status_of(*shell, m.with_fingerprint); },
      [=](const metrics_request&) {
        return role_metrics{status_of(*shell), self->mailbox().size(), shell->peers.messages_sent(),
                            shell->metrics()};
      });
}

} // namespace pmmc
