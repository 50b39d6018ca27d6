// What goes through the door of a CAF port over links that are slow, and long messages.
#include "actors/door_stage.hpp"
#include "caf/guarded_broker.hpp"
#include "membership/reconfiguration.hpp"
#include "node/log.hpp"
#include "node/node_actor.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <spdlog/sinks/base_sink.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

/// How often the allocator was asked to give back what it keeps.
struct purges {
  void add() {
    const std::lock_guard lock{mutex};
    ++count;
    changed.notify_all();
  }
  void forget() {
    const std::lock_guard lock{mutex};
    count = 0;
  }
  /// Whether it was asked within 90 s.
  bool await() {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, std::chrono::seconds{90}, [&] { return count > 0; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
} purged;

} // namespace

/// jemalloc's place, which the tests are not linked with.
extern "C" int mallctl(const char* name, void*, std::size_t*, void*, std::size_t) {
  if (name == std::string_view{"arena.4096.purge"})
    purged.add();
  return 0;
}

namespace pmmc::test {

namespace {

/// Between one connection that is made to it and a port: what the dialler says goes on slowly.
class slow_link {
public:
  slow_link(std::uint16_t port, std::size_t bytes_in_100_ms)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)), server_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    REQUIRE(::listen(listener_, 1) == 0);
    port_ = ntohs(at.sin_port);
    at.sin_port = htons(port);
    REQUIRE(::connect(server_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    there_ = std::thread{[this, bytes_in_100_ms] {
      client_ = ::accept(listener_, nullptr, nullptr);
      back_ = std::thread{[this] { pump(server_, client_, 65'536, {}); }};
      pump(client_, server_, bytes_in_100_ms, std::chrono::milliseconds{100});
    }};
  }
  ~slow_link() {
    ::shutdown(listener_, SHUT_RDWR);
    ::shutdown(server_, SHUT_RDWR);
    ::shutdown(client_, SHUT_RDWR);
    there_.join();
    back_.join();
    for (const int socket : {listener_, server_, client_.load()})
      ::close(socket);
  }
  slow_link(const slow_link&) = delete;
  slow_link& operator=(const slow_link&) = delete;

  std::uint16_t port() const { return port_; }

private:
  static void pump(int from, int to, std::size_t bytes, std::chrono::milliseconds pause) {
    std::vector<char> piece(bytes);
    for (;;) {
      const auto size = ::recv(from, piece.data(), piece.size(), 0);
      if (size <= 0 || ::send(to, piece.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) < 0)
        return;
      std::this_thread::sleep_for(pause); // the link's speed; nothing is awaited by it
    }
  }

  int listener_;
  int server_;
  std::atomic<int> client_ = -1;
  std::uint16_t port_ = 0;
  std::thread there_, back_;
};

/// The log while it is there.
class log_lines {
public:
  log_lines() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink_));
  }
  ~log_lines() { spdlog::set_default_logger(before_); }
  log_lines(const log_lines&) = delete;
  log_lines& operator=(const log_lines&) = delete;

  /// Whether a line with `text` comes within 90 s: others may need the machine, too.
  bool await(const std::string& text) { return sink_->await(text); }

private:
  struct sink : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& line) override {
      const std::lock_guard lock{mutex};
      text.append(line.payload.data(), line.payload.size());
      changed.notify_all();
    }
    void flush_() override {}
    bool await(const std::string& wanted) {
      std::unique_lock lock{mutex};
      return changed.wait_for(lock, std::chrono::seconds{90},
                              [&] { return text.find(wanted) != text.npos; });
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
  };

  std::shared_ptr<sink> sink_ = std::make_shared<sink>();
  std::shared_ptr<spdlog::logger> before_;
};

/// 33 configurations that were, of 64 members a kind, and one of now: a1 and r1, at two processes.
membership long_history(const std::string& a1, const std::string& r1) {
  config_history history;
  for (config_version version = 1; version <= config_history::most_kept + 2; ++version) {
    configuration next;
    next.version = version;
    next.first_slot = version;
    for (const auto kind : pmmc_kinds)
      for (std::size_t i = 0; i < max_members_of_a_kind; ++i)
        next.members(kind).push_back( // who went comes back: former members are bounded
            {role_id{
                 std::to_string((version % 11 * 10 + static_cast<std::size_t>(kind)) * 100 + i)},
             std::string(max_address_bytes, 'x'), ""});
    history.add(next);
  }
  configuration now;
  now.version = now.first_slot = history.latest().version + 1;
  now.acceptors = {{"a1", a1, ""}};
  now.leaders = {{"l1", a1, ""}};
  now.replicas = {{"r1", r1, ""}};
  history.add(now);
  return membership{history, now.version};
}

/// A port that was free a moment ago.
std::uint16_t free_port() {
  door_process p;
  return p.listen(p.spawn(nobody));
}

} // namespace

TEST_CASE("door: processes meet whose cluster has changed its members very often") {
  door_process a, b;
  const auto ports = std::array{free_port(), free_port()};
  const auto address = [&](int i) { return "127.0.0.1:" + std::to_string(ports[i]); };
  std::promise<role_id> up;
  const auto settings = [&](const char* id, role_kind kind, int i, const caf::actor& handle) {
    auto made = std::make_shared<node_settings>();
    made->cluster = "test";
    made->address = address(i);
    made->known = long_history(address(0), address(1));
    made->roles = {{id, kind, "disk", handle}};
    return made;
  };
  const auto a1 = a.spawn([&up](caf::event_based_actor*) {
    return caf::behavior{[&up, told = false](const peer_up& m) mutable {
                           if (m.role.id == "r1" && !std::exchange(told, true))
                             up.set_value(m.role.id);
                         },
                         [](const peer_down&) {}, [](const members_news&) {}};
  });
  const auto r1 = b.spawn([](caf::event_based_actor*) {
    return caf::behavior{[](const peer_up&) {}, [](const peer_down&) {},
                         [](const members_news&) {}};
  });
  const auto start = [&](door_process& p, const std::shared_ptr<node_settings>& made, int i) {
    REQUIRE(p.system.middleman().publish(p.spawn(node_actor, made), ports[i], "127.0.0.1"));
  };
  start(a, settings("a1", role_kind::acceptor, 0, a1), 0);
  start(b, settings("r1", role_kind::replica, 1, r1), 1);
  auto met = up.get_future();
  REQUIRE(met.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  CHECK(met.get() == "r1");
}

TEST_CASE("door: a member that sends slowly is heard while its message comes") {
  door_process server, member;
  slow_link link{server.listen(server.spawn(doorkeeper)), 40'000};
  const auto far = member.dial(link.port());
  played_hello m;
  m.address = "host2:1";
  REQUIRE(is_answered(member, far, m));
  m.facts.first.replicas = {{"r1", std::string(2 << 20, 'x')}}; // 5 s
  CHECK(is_answered(member, far, m));
}

namespace {

/// Lets in whoever says hello, with an address as a member, and sends it more than may wait for it
/// when told to.
struct generous {
  explicit generous(caf::event_based_actor* s) : self(s) {}

  caf::behavior make_behavior() {
    return {[this](const hello& m) {
              admit(self->system(), self->current_sender()->node(), !as_told(m).address.empty());
              node = m.node;
              return welcome{};
            },
            [this](stop_atom) {
              const std::size_t piece = 1 << 20;
              const auto most = std::max(max_member_output_bytes, max_client_output_bytes);
              for (std::size_t sent = 0; sent <= most; sent += piece)
                self->send(node, export_page{std::string(piece, 'x')});
            }};
  }

  caf::event_based_actor* self;
  caf::actor node;
};

/// It says hello at the address, reads nothing for as long as this lives, and is sent all that.
struct deaf_one {
  explicit deaf_one(const std::string& address) {
    played_hello m;
    m.address = address;
    m.node = client.spawn([until = reads_again.get_future().share()](caf::event_based_actor*) {
      return caf::behavior{[until](stop_atom) { until.wait(); }, [](const export_page&) {}};
    });
    const auto keeper = server.spawn([](caf::stateful_actor<std::optional<generous>>* self) {
      return self->state.emplace(self).make_behavior();
    });
    const auto far = client.dial(server.listen(keeper));
    REQUIRE(is_answered(client, far, m));
    caf::anon_send(m.node, stop_atom::value); // it runs in the thread of the network
    caf::anon_send(keeper, stop_atom::value);
  }
  ~deaf_one() { reads_again.set_value(); }
  deaf_one(const deaf_one&) = delete;
  deaf_one& operator=(const deaf_one&) = delete;

  std::promise<void> reads_again;
  door_process server, client;
};

} // namespace

TEST_CASE("door: what waits for a member that does not read is bounded") {
  log_lines log;
  const deaf_one member{"host2:1"};
  CHECK(log.await("it takes less than it is sent"));
}

TEST_CASE("door: what waited for a client that does not read goes back to the system") {
  purged.forget();
  log_lines log;
  const deaf_one client{""};
  CHECK(log.await("clients do not read what they asked for"));
  CHECK(purged.await());
}

} // namespace pmmc::test
