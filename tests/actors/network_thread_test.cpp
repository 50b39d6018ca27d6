// Actors on the network's thread, and connections that write at the end of a turn: real sockets,
// over loopback.
#include "caf/bounded_connect.hpp"
#include "caf/guarded_middleman.hpp"
#include "caf/network_thread.hpp"
#include "caf/system.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <doctest/doctest.h>
#include <functional>
#include <netinet/in.h>
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

/// Listens, reads byte by byte, and does `at_first` when the first one has come. Reports its port,
/// how many bytes it has whenever it is asked, and when it has `wanted`. Goes on reading when told.
class byte_counter {
public:
  using action = std::function<void(caf::io::broker*, caf::io::connection_handle)>;

  byte_counter(caf::io::broker* self, caf::actor report, std::uint64_t wanted, action at_first)
      : self_(self), report_(std::move(report)), wanted_(wanted), at_first_(std::move(at_first)) {}

  caf::behavior make_behavior() {
    const auto door = self_->add_tcp_doorman(0, "127.0.0.1");
    self_->send(report_, std::uint64_t{door->second});
    return {
        [this](const caf::io::new_connection_msg& m) {
          self_->configure_read(m.handle, caf::io::receive_policy::exactly(1));
        },
        [this](const caf::io::new_data_msg& m) {
          if (++bytes_ == 1)
            at_first_(self_, m.handle);
          if (bytes_ == wanted_)
            self_->send(report_, bytes_);
        },
        [this](tick_atom) { self_->send(report_, bytes_); },
        [this](flush_atom) {
          for (const auto& connection : self_->connections())
            self_->trigger(connection);
        },
        [](const caf::io::connection_closed_msg&) {},
    };
  }

private:
  caf::io::broker* self_;
  caf::actor report_;
  std::uint64_t wanted_;
  action at_first_;
  std::uint64_t bytes_ = 0;
};

/// Reports come to `self`.
caf::actor start_counter(caf::actor_system& system, const caf::scoped_actor& self,
                         std::uint64_t wanted, byte_counter::action at_first) {
  return system.middleman().spawn_broker(
      [=, report = caf::actor_cast<caf::actor>(self)](caf::io::broker* broker) {
        auto counter = std::make_shared<byte_counter>(broker, report, wanted, at_first);
        broker->attach_functor([counter]() mutable { counter.reset(); });
        return counter->make_behavior();
      });
}

std::uint64_t next_report(caf::scoped_actor& self) {
  std::uint64_t number = 0;
  self->receive([&](std::uint64_t n) { number = n; },
                caf::after(std::chrono::seconds{20}) >> [] {});
  return number;
}

class loopback_client {
public:
  explicit loopback_client(std::uint64_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  }
  ~loopback_client() { ::close(fd_); }
  loopback_client(const loopback_client&) = delete;
  loopback_client& operator=(const loopback_client&) = delete;

  void send(std::string_view bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  /// Whether these bytes come.
  bool receives(const std::vector<char>& wanted) const {
    std::vector<char> got(wanted.size());
    return ::recv(fd_, got.data(), got.size(), MSG_WAITALL) == static_cast<ssize_t>(got.size()) &&
           got == wanted;
  }
  bool is_at_end() const {
    char more = 0;
    return ::recv(fd_, &more, 1, 0) == 0;
  }

private:
  int fd_;
};

/// Who asks for its status is a member from then on, as if it had said hello.
caf::behavior echo(caf::event_based_actor* self) {
  return {
      [self](const status_request& m) {
        admit(self->system(), self->current_sender()->node(), true);
        return m;
      },
      [](mail& m) { return std::move(m); },
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
          self->send(to, mail{decision{1, n, command{text_of(n)}}});
      },
      [=](const mail& m) {
        const auto& d = std::get<decision>(std::get<message>(m.what));
        if (d.slot == self->state && d.value == command{text_of(d.slot)})
          ++self->state;
        if (d.slot + 1 == count)
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
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30}); // not 127
  for (const int socket : waiting)
    ::close(socket);
  ::close(full);
}

TEST_CASE("network thread: what is halted and triggered in one turn is read on") {
  system_config options{0};
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  const auto counter = start_counter(system, self, 2, [](auto* broker, auto connection) {
    broker->halt(connection);
    broker->trigger(connection);
    broker->send(broker, tick_atom::value);
  });
  const loopback_client client{next_report(self)};
  client.send("a");
  CHECK(next_report(self) == 1);
  client.send("b");
  CHECK(next_report(self) == 2);
  self->send_exit(counter, caf::exit_reason::user_shutdown);
}

TEST_CASE("network thread: what is halted is not read until it is triggered") {
  system_config options{0};
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  const auto counter = start_counter(system, self, 10, [](auto* broker, auto connection) {
    broker->halt(connection);
    broker->send(broker, tick_atom::value);
  });
  const loopback_client client{next_report(self)};
  client.send("0123456789");
  CHECK(next_report(self) == 1);
  caf::anon_send(counter, flush_atom::value);
  CHECK(next_report(self) == 10);
  self->send_exit(counter, caf::exit_reason::user_shutdown);
}

namespace {

/// So that each byte has its place.
char byte_at(std::size_t place) { return static_cast<char>(place * 31 + place / 251); }

std::vector<char> bytes_from(std::size_t first, std::size_t count) {
  std::vector<char> bytes(count);
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = byte_at(first + i);
  return bytes;
}

/// Writes `size` bytes at once to whoever connects, when all have left twice as much, and closes
/// the connection behind some more. Reports its port, and what remained each time that some had
/// left.
struct generous_broker {
  generous_broker(caf::io::broker* s, caf::actor r, std::size_t n)
      : self(s), report(std::move(r)), size(n) {}

  caf::behavior make_behavior() {
    self->send(report, std::uint64_t{self->add_tcp_doorman(0, "127.0.0.1")->second});
    return {
        [this](const caf::io::new_connection_msg& m) {
          self->ack_writes(m.handle, true);
          write(m.handle, size);
        },
        [this](const caf::io::data_transferred_msg& m) {
          self->send(report, std::uint64_t{m.remaining});
          if (m.remaining > 0)
            return;
          const bool last = written > size;
          write(m.handle, 2 * size);
          if (last)
            self->close(m.handle);
        },
        [](const caf::io::connection_closed_msg&) {},
    };
  }

  void write(caf::io::connection_handle to, std::size_t count) {
    self->wr_buf(to) = bytes_from(written, count);
    written += count;
    self->flush(to);
  }

  caf::io::broker* self;
  caf::actor report;
  std::size_t size;
  std::size_t written = 0;
};

/// What remained until nothing did, or until none comes any more.
std::vector<std::uint64_t> remaining_until_0(caf::scoped_actor& self) {
  std::vector<std::uint64_t> all;
  for (bool comes = true; comes && (all.empty() || all.back() > 0);)
    self->receive([&](std::uint64_t n) { all.push_back(n); },
                  caf::after(std::chrono::seconds{60}) >> [&] { comes = false; });
  return all;
}

} // namespace

TEST_CASE("network thread: what did not leave at once remains as a whole until little is left") {
  system_config options{0};
  caf::actor_system system{options};
  caf::scoped_actor self{system};
  constexpr std::size_t size = 16 << 20; // more than goes to a socket that nobody reads
  const auto broker = system.middleman().spawn_broker(
      [=](caf::io::broker* me, const caf::actor& report) {
        auto its = std::make_shared<generous_broker>(me, report, size);
        me->attach_functor([its]() mutable { its.reset(); });
        return its->make_behavior();
      },
      caf::actor_cast<caf::actor>(self));
  const loopback_client client{next_report(self)};
  CHECK(next_report(self) == size);
  for (const std::size_t batch : {size, 2 * size}) {
    CHECK(client.receives(bytes_from(batch - size, batch)));
    const auto all = remaining_until_0(self);
    REQUIRE_FALSE(all.empty());
    CHECK(all.back() == 0);
    CHECK(std::all_of(all.begin(), all.end(), [&](auto n) { return n == batch || n <= 64 << 10; }));
  }
  CHECK(client.receives(bytes_from(3 * size, 2 * size))); // though it was closed behind them
  CHECK(client.is_at_end());
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
}

} // namespace pmmc::test
