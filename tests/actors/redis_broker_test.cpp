// The broker of a Redis port, and clients that read its replies or do not: real sockets, over
// loopback. The test plays the port.
#include "redis/redis_broker.hpp"

#include "caf/system.hpp"
#include "parts/shell.hpp"

#include <arpa/inet.h>
#include <deque>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc::test {

namespace {

constexpr std::size_t mib = 1 << 20;
/// Less is between a client and the broker, in the kernel.
constexpr std::size_t more_than_kernel = 6 * mib;

/// A client that reads when it is told to.
class client {
public:
  explicit client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int small = 64 << 10;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~client() { ::close(fd_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  void send(const std::string& bytes) {
    CHECK(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
  }
  /// So many bytes, or fewer if it is closed.
  std::size_t read(std::size_t most) {
    std::vector<char> buffer(256 << 10);
    std::size_t got = 0;
    while (got < most) {
      const auto n = ::recv(fd_, buffer.data(), std::min(buffer.size(), most - got), 0);
      if (n <= 0)
        break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  redis::connection_id id = 0; ///< as the broker calls it

private:
  int fd_;
};

struct broker_bench {
  explicit broker_bench(redis::broker_limits limits) {
    spdlog::set_level(spdlog::level::critical);
    auto options = std::make_shared<redis_broker_options>();
    options->limits = limits;
    options->port = caf::actor_cast<caf::actor>(port);
    auto door = system.middleman().backend().new_tcp_doorman(0, "127.0.0.1", true);
    REQUIRE(door);
    number = (*door)->port();
    options->door = std::move(*door);
    broker = system.middleman().spawn_broker(redis_broker_actor, options);
  }
  ~broker_bench() { caf::anon_send_exit(broker, caf::exit_reason::user_shutdown); }

  std::unique_ptr<client> connect() {
    auto c = std::make_unique<client>(number);
    c->id = next(redis_event::kind::opened).connection;
    return c;
  }

  /// The next event of that kind.
  redis_event next(redis_event::kind what) {
    redis_event found;
    while (found.connection == 0) {
      while (!events.empty() && found.connection == 0) {
        if (events.front().what == what)
          found = std::move(events.front());
        events.pop_front();
      }
      if (found.connection == 0)
        port->receive(
            [this](redis_events& m) {
              for (auto& e : m.events)
                events.push_back(std::move(e));
            },
            caf::after(std::chrono::seconds{20}) >> [] { FAIL("no such event came"); });
    }
    return found;
  }

  void reply(const client& to, std::size_t bytes, bool close = false) {
    caf::anon_send(broker, redis_replies{{{to.id, std::string(bytes, 'x'), 0, close}}});
  }
  /// As a second later.
  void look() { caf::anon_send(broker, tick_atom::value); }
  /// What was sent to the broker before has been handled: `to` got a byte that was sent behind it.
  void await_handled(client& to) {
    reply(to, 1);
    REQUIRE(to.read(1) == 1);
  }

  system_config options{1};
  caf::actor_system system{options};
  caf::scoped_actor port{system};
  caf::actor broker;
  std::uint16_t number = 0;
  std::deque<redis_event> events;
};

} // namespace

TEST_CASE(
    "redis broker: past the bound of unread replies, who takes nothing goes, not who has most") {
  redis::broker_limits limits;
  limits.max_output_bytes = 60 * mib;
  broker_bench b{limits};
  const auto stands = b.connect();
  const auto reads = b.connect();
  const auto last = b.connect();
  b.reply(*stands, 24 * mib);
  b.reply(*reads, 32 * mib);
  for (int i = 0; i < 5; ++i)
    b.look();
  CHECK(reads->read(2 * more_than_kernel) == 2 * more_than_kernel);
  b.look();
  b.reply(*last, 35 * mib); // too much, whatever the kernel holds, and without the first not
  CHECK(b.next(redis_event::kind::closed).connection == stands->id);
  constexpr auto rest = 32 * mib - 2 * more_than_kernel;
  CHECK(reads->read(rest) == rest);
  CHECK(last->read(35 * mib) == 35 * mib);
  CHECK(stands->read(24 * mib) < 24 * mib);
}

TEST_CASE("redis broker: who takes nothing makes room for others, who reads slowly does not") {
  broker_bench b{{}};
  const auto stands = b.connect();
  const auto reads = b.connect();
  const auto other = b.connect();
  constexpr std::size_t size = 8 * more_than_kernel;
  b.reply(*stands, size);
  b.reply(*reads, size);
  std::size_t got = 0;
  for (unsigned i = 0; i < redis::broker_limits{}.max_stalled + 1; ++i) {
    caf::anon_send(b.broker, redis_room_wanted{});
    b.look();
    b.await_handled(*other); // or two looks might come with nothing read between them
    got += reads->read(more_than_kernel);
  }
  CHECK(b.next(redis_event::kind::closed).connection == stands->id);
  got += reads->read(size - got);
  CHECK(got == size);
}

TEST_CASE("redis broker: a connection that is closed while it is not read goes, too") {
  redis::broker_limits limits;
  limits.max_unanswered_bytes = 1'000;
  broker_bench b{limits};
  const auto c = b.connect();
  std::string pings;
  for (int i = 0; i < 100; ++i)
    pings += "PING\r\n";
  c->send(pings);
  CHECK(b.next(redis_event::kind::requests).requests.size() == 100);
  b.reply(*c, 5, true); // nothing is settled by it
  CHECK(c->read(100) == 5);
  CHECK(b.next(redis_event::kind::closed).connection == c->id);
}

} // namespace pmmc::test
