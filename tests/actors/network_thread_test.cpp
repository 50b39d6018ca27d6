// Actors on the network's thread, and connections that write at the end of a turn: real sockets,
// over loopback.
#include "bounded_connect.hpp"
#include "guarded_middleman.hpp"
#include "network_thread.hpp"
#include "system.hpp"

#include <arpa/inet.h>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <doctest/doctest.h>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace pmmc::test {

namespace {

std::string text_of(std::uint64_t number) {
  // Some of them larger than any socket's buffer.
  const auto size = number % 200 == 199 ? std::size_t{5} << 20 : 10 + number % 3000;
  return std::to_string(number) + ':' + std::string(size, 'x');
}

/// Who asks for its status is a member from then on, as if it had said hello.
caf::behavior echo(caf::event_based_actor* self) {
  return {
      [self](const status_request& m) {
        admit(self->system(), self->current_sender()->node(), true);
        return m;
      },
      [](decision& m) { return std::move(m); },
  };
}

/// Sends everything at once, and counts what comes back in order and unchanged.
caf::behavior sender(caf::stateful_actor<std::uint64_t>* self, const caf::actor& to,
                     const caf::actor& report, std::uint64_t count) {
  self->state = 0;
  self->send(to, status_request{});
  return {
      [=](const status_request&) {
        for (std::uint64_t n = 0; n < count; ++n)
          self->send(to, decision{1, n, command{text_of(n)}});
      },
      [=](const decision& m) {
        if (m.slot == self->state && m.value == command{text_of(m.slot)})
          ++self->state;
        if (m.slot + 1 == count)
          self->send(report, self->state);
      },
  };
}

caf::behavior tell_thread(caf::event_based_actor*) {
  return {[](std::uint64_t) {
    return static_cast<std::uint64_t>(std::hash<std::thread::id>{}(std::this_thread::get_id()));
  }};
}

} // namespace

TEST_CASE("network thread: what is sent arrives whole and in order, and both sides end") {
  system_config server_options{0};
  system_config client_options{0};
  caf::actor_system server{server_options};
  caf::actor_system client{client_options};
  const auto far = server.spawn(echo);
  const auto port = server.middleman().publish(far, 0, "127.0.0.1");
  REQUIRE(port);
  const auto proxy = client.middleman().remote_actor("127.0.0.1", *port);
  REQUIRE(proxy);
  caf::scoped_actor self{client};
  constexpr std::uint64_t count = 1'000;
  const auto worker = client.spawn(sender, *proxy, caf::actor_cast<caf::actor>(self), count);
  self->receive([&](std::uint64_t in_order) { CHECK(in_order == count); });
  self->send_exit(worker, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(far, caf::exit_reason::user_shutdown);
}

TEST_CASE("network thread: actors share one thread, detached ones do not") {
  system_config options{0};
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  const auto thread_of = [&](const caf::actor& who) {
    std::uint64_t thread = 0;
    self->request(who, caf::infinite, std::uint64_t{0})
        .receive([&](std::uint64_t t) { thread = t; }, [](const caf::error&) {});
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
    return thread;
  };
  const auto one = thread_of(system.spawn(tell_thread));
  CHECK(one != 0);
  CHECK(thread_of(system.spawn(tell_thread)) == one);
  CHECK(thread_of(system.spawn<caf::detached>(tell_thread)) != one);
}

TEST_CASE("network thread: delayed messages come, and an actor that never rests lets others run") {
  system_config options{0};
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  const auto report = caf::actor_cast<caf::actor>(self);
  const auto busy = system.spawn([](caf::event_based_actor* me) -> caf::behavior {
    me->send(me, caf::unit);
    return {[me](caf::unit_t) { me->send(me, caf::unit); }};
  });
  system.spawn([report](caf::event_based_actor* me) -> caf::behavior {
    me->delayed_send(me, std::chrono::milliseconds{1}, std::uint64_t{7});
    return {[=](std::uint64_t n) {
      me->send(report, n);
      me->quit();
    }};
  });
  self->receive([](std::uint64_t n) { CHECK(n == 7); });
  self->send_exit(busy, caf::exit_reason::user_shutdown);
}

TEST_CASE("network thread: a host that drops packets holds up a dial for a bounded time") {
  // Linux drops who wants to connect while as many as may wait to be accepted.
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* address = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof at;
  REQUIRE(::bind(full, address, size) == 0);
  REQUIRE(::listen(full, 0) == 0);
  REQUIRE(::getsockname(full, address, &size) == 0);
  std::vector<int> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(waiting.back(), address, size);
  }
  pollfd last{waiting.back(), POLLOUT, 0};
  REQUIRE(::poll(&last, 1, 100) == 0);

  system_config options{0};
  caf::actor_system system{options};
  const auto begin = std::chrono::steady_clock::now();
  const auto proxy = system.middleman().remote_actor("127.0.0.1", ntohs(at.sin_port));
  CHECK_FALSE(proxy);
  CHECK(std::chrono::steady_clock::now() - begin < 2 * connect_timeout);
  for (const int socket : waiting)
    ::close(socket);
  ::close(full);
}

} // namespace pmmc::test
