// What the tests of the CAF port's door share: processes that are each other's strangers, with real
// connections over loopback.
#pragma once

#include "actors/played_handshake.hpp"
#include "caf/guarded_middleman.hpp"
#include "caf/system.hpp"
#include "node/node_messages.hpp"
#include "wire/wire.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <chrono>
#include <cstdint>
#include <doctest/doctest.h>
#include <vector>

namespace pmmc::test {

/// Answers a hello as the node does, and lets in whoever says it.
inline caf::behavior doorkeeper(caf::event_based_actor* self) {
  return {[self](const hello& m) {
    const auto heard = read(m); // not if it names more roles than any process has
    admit(self->system(), self->current_sender()->node(), heard && !heard->said.address.empty());
    return welcome{};
  }};
}

inline caf::behavior nobody(caf::event_based_actor*) {
  return {[](stop_atom) {}};
}

/// A process's network, and actors of it that do nothing.
struct door_process {
  ~door_process() {
    for (const auto& actor : actors)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }

  template <class... Args>
  caf::actor spawn(Args&&... args) {
    actors.push_back(system.spawn(std::forward<Args>(args)...));
    return actors.back();
  }
  std::uint16_t listen(const caf::actor& actor) {
    const auto port = system.middleman().publish(actor, 0, "127.0.0.1");
    REQUIRE(port);
    return *port;
  }
  caf::actor dial(std::uint16_t port) {
    auto proxy = system.middleman().remote_actor("127.0.0.1", port);
    REQUIRE(proxy);
    return *proxy;
  }

  system_config options{0};
  caf::actor_system system{options};
  std::vector<caf::actor> actors;
};

/// Whether it is answered, or the connection is closed instead.
inline bool is_answered(door_process& client, const caf::actor& server, const played_hello& m) {
  caf::scoped_actor self{client.system};
  self->monitor(server);
  self->send(server, m.as_sent());
  bool answered = false;
  self->receive([&](const welcome&) { answered = true; }, [](const caf::down_msg&) {},
                caf::after(std::chrono::seconds{10}) >> [] { FAIL("neither"); });
  return answered;
}

} // namespace pmmc::test
