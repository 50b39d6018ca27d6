// A part: whatever has state and takes messages. The paper's acceptor, leader, scout, commander and
// replica are parts. They do no I/O: a driver (the actors, the simulator, the exhaustive search)
// hosts a part, gives it its inputs, and carries out what it wants done.
#pragma once

#include "consensus/messages.hpp"
#include "membership/membership.hpp"

#include <concepts>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc {

/// Of a part that persists nothing before it sends.
struct no_record {};

/// Of a part that has no parts of its own.
struct no_children {
  struct id {};
  struct task {};
};

/// What a part wants done after it has handled an input.
/// ORDER: that of the members. Everything in `persist` must be durable (synced) before anything in
/// `send` leaves the process, and before a child that is started sends. A driver may join the
/// outputs of many inputs to a part that starts none: persist all of them with one sync, then send
/// all of them. If persisting fails, the driver stops the process and sends nothing, ever.
template <class Record = no_record, class Children = no_children>
struct outputs {
  using children = Children;

  std::vector<Record> persist;
  bool stop_all = false;                   ///< stop all children that were started so far
  std::vector<typename Children::id> stop; ///< or these, if they are still at work
  std::vector<typename Children::task> start;
  std::vector<envelope> send;

  bool empty() const {
    return persist.empty() && !stop_all && stop.empty() && start.empty() && send.empty();
  }
};

/// Single-threaded; driven by messages, by ticks of about 10 ms, and by news of peers: the
/// connection to one is known to be broken.
template <class P>
concept part = requires(P p, const role_id& peer) {
  p.on_tick();
  p.on_peer_down(peer);
  p.take().send;
};

/// A part that acts for configurations. It tells its process which ones it knows, which processes
/// tell each other, and hears from its process what others know: there is no other road for a new
/// configuration. Parts may hear of one late, and of each at a different time.
template <class P>
concept member_part = part<P> && requires(P p, const P& c, const config_history& known) {
  p.learn(known);
  { c.known_version() } -> std::same_as<config_version>; // of the latest one that it knows, or 0
  { c.known_members() } -> std::same_as<membership>;
};

template <part P>
using outputs_of = decltype(std::declval<P&>().take());

/// Whether the part starts others.
template <class P>
concept has_children = !std::same_as<typename outputs_of<P>::children, no_children>;

/// Whether the part takes such messages, for some together with who sent them.
template <class P, class M>
concept takes_alone = requires(P p, M m) {
  p.on(std::move(m));
};
template <class P, class M>
concept takes_with_sender = requires(P p, const role_id& from, M m) {
  p.on(from, std::move(m));
};
template <class P, class M>
concept takes = takes_alone<P, M> || takes_with_sender<P, M>;

/// Gives `p` a message, which may be moved from. Returns whether it takes such messages.
template <part P, class M>
bool deliver(P& p, const role_id& from, M& m) {
  if constexpr (takes_alone<P, M>)
    p.on(std::move(m));
  else if constexpr (takes_with_sender<P, M>)
    p.on(from, std::move(m));
  return takes<P, M>;
}
template <part P>
bool deliver(P& p, const role_id& from, message& m) {
  return std::visit([&](auto& body) { return deliver(p, from, body); }, m);
}

} // namespace pmmc
