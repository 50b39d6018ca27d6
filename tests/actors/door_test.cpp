// What may come in at the CAF port of a process, with real connections over loopback: actor systems
// that are each other's strangers.
#include "guarded_middleman.hpp"
#include "system.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

/// Answers a hello as the node does, and lets in whoever says it.
caf::behavior doorkeeper(caf::event_based_actor* self) {
  return {[self](const hello& m) {
    admit(self->system(), self->current_sender()->node(), !m.address.empty());
    return welcome{};
  }};
}

caf::behavior nobody(caf::event_based_actor*) {
  return {[](stop_atom) {}};
}

/// A process's network, and actors of it that do nothing.
struct process {
  ~process() {
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

hello hello_with(const std::vector<caf::actor>& handles) {
  hello m;
  for (const auto& handle : handles)
    m.roles.push_back({"c1", role_kind::client, {}, handle});
  return m;
}

/// Whether it is answered; if not, the connection is closed.
bool is_answered(process& client, const caf::actor& server, const hello& m) {
  caf::scoped_actor self{client.system};
  self->monitor(server);
  self->send(server, m);
  bool answered = false;
  self->receive([&](const welcome&) { answered = true; }, [](const caf::down_msg&) {});
  return answered;
}

} // namespace

TEST_CASE("door: whoever names actors names its own, and not any number of them") {
  process server, client, third;
  const auto far = client.dial(server.listen(server.spawn(doorkeeper)));
  std::vector<caf::actor> named;
  SUBCASE("its own") {
    for (int i = 0; i < 64; ++i)
      named.push_back(client.spawn(nobody));
    CHECK(is_answered(client, far, hello_with(named)));
    for (int i = 0; i < 1'000; ++i) // others, when those are gone
      CHECK(is_answered(client, far, hello_with({})));
  }
  SUBCASE("nobody") { CHECK(is_answered(client, far, hello_with({caf::actor{}}))); }
  SUBCASE("one of the server's") { CHECK(is_answered(client, far, hello_with({far}))); }
  SUBCASE("a third one's") {
    named.push_back(client.dial(third.listen(third.spawn(nobody))));
    CHECK_FALSE(is_answered(client, far, hello_with(named)));
  }
  SUBCASE("very many") {
    for (std::size_t i = 0; i <= max_named_by_client; ++i)
      named.push_back(client.spawn(nobody));
    CHECK_FALSE(is_answered(client, far, hello_with(named)));
  }
}

} // namespace pmmc::test
