// What all our actors have in common: their handlers for what is unexpected, their tick, and the
// directory of those whom they can reach.
#pragma once

#include "consensus/part.hpp"
#include "node/log.hpp"
#include "node/node_messages.hpp"
#include "wire/wire.hpp"

#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pmmc {

/// The length of the core's tick.
inline constexpr std::chrono::milliseconds tick_length{10};

/// How long until the next tick: the actors of a process tick together, so that its threads wake
/// once for all of them.
std::chrono::nanoseconds until_next_tick();

/// Counts ticks where they stand for seconds that were promised to people. One that comes late, on
/// a busy machine, stands for those that were missed; not for more than half a second: who was
/// stopped has not waited, and what came meanwhile is to be read. (Roles count the ticks that come:
/// they judge others by them.)
class late_ticks {
public:
  explicit late_ticks(std::chrono::steady_clock::time_point now) : last_(number_of(now)) {}

  /// A tick has come. How many it stands for: at least one.
  unsigned due(std::chrono::steady_clock::time_point now);

private:
  static std::int64_t number_of(std::chrono::steady_clock::time_point t) {
    return t.time_since_epoch() / tick_length;
  }

  std::int64_t last_;
};

/// Says what an actor drops, since it does not take such messages: at most one line a second, as
/// anybody may send one. Copies share.
class drop_log {
public:
  explicit drop_log(std::string name) : name_(std::move(name)) {}
  void operator()(std::string_view types) const;

private:
  std::string name_;
  std::shared_ptr<rare_warning> warning_ = std::make_shared<rare_warning>();
};

/// CAF's defaults print, quit or die in silence. Ours: unexpected messages are logged and dropped,
/// an exception ends the process (a role that is dead inside a living process would be the worst of
/// both).
drop_log set_shell_handlers(caf::scheduled_actor* self, const std::string& name);

/// The handler of an actor's mail: `take` is called with what is in it, if it takes that; else it
/// is dropped like any unexpected message.
template <class Take>
auto mail_handler(drop_log dropped, Take take) {
  return [=](mail& m) {
    wire::open(m.what, [&]<class What>(What& what) {
      if constexpr (std::invocable<const Take&, What&>)
        take(what);
      else
        dropped(wire::name_of<What>);
    });
  };
}

/// One function of several.
template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

/// What a role knows of the cluster's members, and its node should know, too.
struct members_link {
  caf::actor node; ///< set by the node's first message
  membership told;
  membership heard; ///< what the node said last
};

/// Tells the node if the role's core knows more than was said before.
void tell_node(caf::scheduled_actor* self, members_link& link, const membership& known);

/// The same for a configuration, as soon as the core knows it: what else there is has time.
template <member_part Core>
void tell_node_of_configuration(caf::scheduled_actor* self, members_link& link, const Core& core) {
  if (link.node && core.known_version() > link.told.version())
    tell_node(self, link, core.known_members());
}

/// A role hears from its node of configurations that others know.
template <member_part Core>
void hear_from_node(caf::scheduled_actor* self, members_link& link, Core& core,
                    const members_news& m) {
  if (self->current_sender())
    link.node = caf::actor_cast<caf::actor>(self->current_sender());
  link.heard = m.known;
  core.learn(m.known.configurations);
}

/// Whom an actor can send to, by id. Copies share; a change makes a new map, so that a copy may be
/// read in another thread.
class peer_directory {
public:
  /// `is_guest`: no member where it is.
  void up(const hosted_role& role, bool is_guest = false);
  void down(const role_id& id);
  /// Whether `id` can be reached, and `sender` is of its process. Nobody's messages are its own.
  bool is_up(const role_id& id, const caf::strong_actor_ptr& sender) const;
  /// Whether it was no member where it is, when it was met last.
  bool is_guest(const role_id& id) const;
  /// Nothing if `id` cannot be reached.
  const caf::actor* find(const role_id& id) const;
  /// Sends as `from`; a message to whom nobody can reach is dropped.
  void send(const caf::actor& from, const role_id& to, mail what) const;
  /// To members of other processes, through this directory or a copy of it.
  std::uint64_t messages_sent() const { return *sent_; }

private:
  struct contact {
    caf::actor handle;
    bool is_client = false;
    bool is_guest = false;
  };
  using contacts = std::unordered_map<role_id, contact>;
  std::shared_ptr<const contacts> contacts_ = std::make_shared<const contacts>();
  std::shared_ptr<std::atomic<std::uint64_t>> sent_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// Sends each envelope to its addressee, as `sender`, in order; what nobody can be reached for is
/// dropped (the core sends again). Answers to clients travel together.
void send_all(const caf::actor& sender, const role_id& sender_id, const peer_directory& peers,
              std::vector<envelope> envelopes);

} // namespace pmmc
