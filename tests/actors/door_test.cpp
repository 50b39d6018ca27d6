// What may come in at the CAF port of a process, with real connections over loopback: actor systems
// that are each other's strangers.
#include "core_helpers.hpp"
#include "door/basp.hpp"
#include "guarded_middleman.hpp"
#include "node_actor.hpp"
#include "reconfiguration.hpp"
#include "system.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <condition_variable>
#include <doctest/doctest.h>
#include <future>
#include <mutex>
#include <optional>
#include <spdlog/sinks/base_sink.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

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

std::string number(std::uint64_t n, std::size_t bytes) {
  std::string s;
  while (bytes-- > 0)
    s += static_cast<char>(n >> 8 * bytes);
  return s;
}

std::string name_of(process& p) {
  std::vector<char> bytes;
  auto node = p.system.node();
  caf::binary_serializer{p.system, bytes}(node);
  return {bytes.begin(), bytes.end()};
}

/// A connection that says what the test wants.
class stranger {
public:
  explicit stranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    const timeval patience{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~stranger() { ::close(socket_); }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;

  void greet(const std::string& name, bool selects = false) { say(1, name, selects ? 2 : 0, 0); }
  /// Waits until what it has said was heard: whoever watches an actor that is none is told so.
  bool is_heard(const std::string& name, const std::string& server) {
    say(4, name + server, 0, 1'000'000);
    std::string said;
    while (said.find(server + name) == said.npos)
      if (!hear(said))
        return false;
    return true;
  }
  bool is_closed() {
    std::string said;
    while (hear(said))
      ;
    return end_;
  }

private:
  void say(std::uint64_t operation, const std::string& payload, std::uint64_t flags,
           std::uint64_t receiver) {
    const auto frame = number(operation, 1) + number(0, 2) + number(flags, 1) +
                       number(payload.size(), 4) + number(0, 16) + number(receiver, 8) + payload;
    static_cast<void>(::send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL));
  }
  bool hear(std::string& said) {
    char bytes[4096];
    const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
    end_ = size == 0 || (size < 0 && errno == ECONNRESET);
    said.append(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
    return size > 0;
  }

  int socket_;
  bool end_ = false;
};

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
      std::this_thread::sleep_for(pause); // the link's speed
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

  /// Whether a line with `text` comes within 20 s.
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
      return changed.wait_for(lock, std::chrono::seconds{20},
                              [&] { return text.find(wanted) != text.npos; });
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
  };

  std::shared_ptr<sink> sink_ = std::make_shared<sink>();
  std::shared_ptr<spdlog::logger> before_;
};

hello hello_with(const std::vector<caf::actor>& handles) {
  hello m;
  for (const auto& handle : handles)
    m.roles.push_back({"c1", role_kind::client, {}, handle});
  return m;
}

/// Whether it is answered, or the connection is closed instead.
bool is_answered(process& client, const caf::actor& server, const hello& m) {
  caf::scoped_actor self{client.system};
  self->monitor(server);
  self->send(server, m);
  bool answered = false;
  self->receive([&](const welcome&) { answered = true; }, [](const caf::down_msg&) {},
                caf::after(std::chrono::seconds{10}) >> [] { FAIL("neither"); });
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

TEST_CASE("door: who has a member's name holds it only as long as the member is not there") {
  process server, member;
  const auto port = server.listen(server.spawn(doorkeeper));
  hello m;
  m.address = "host2:1";
  stranger early{port};
  early.greet(name_of(member));
  REQUIRE(early.is_heard(name_of(member), name_of(server)));
  SUBCASE("the member dials") {
    const auto far = member.dial(port);
    CHECK(is_answered(member, far, m));
    CHECK(early.is_closed());
    stranger spare{port};
    spare.greet(name_of(member));
    CHECK_FALSE(spare.is_heard(name_of(member), name_of(server)));
    stranger late{port};
    late.greet(name_of(member), true);
    CHECK(late.is_closed());
    CHECK(is_answered(member, far, m));
  }
  SUBCASE("its process dials once more, and does not choose that") {
    stranger spare{port};
    spare.greet(name_of(member));
    spare.greet(name_of(member));
    CHECK(early.is_heard(name_of(member), name_of(server)));
  }
  SUBCASE("the member is dialled") {
    const auto near = member.spawn(doorkeeper);
    const auto far = server.dial(member.listen(near));
    CHECK(early.is_closed());
    CHECK(is_answered(server, far, m));
  }
}

TEST_CASE("door: a process that takes another one's place takes its connection, too") {
  process server, member, again;
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = "host1:1";
  settings->known = membership{make_config()};
  const auto port = server.listen(server.spawn(node_actor, settings));
  const auto hello_of = [](process& p) {
    const auto own = p.spawn(nobody);
    return hello{"test", "host2:1", 5,     own, {{"l2", role_kind::leader, "disk", own}},
                 0,      1,         false, {}};
  };
  const auto far = member.dial(port);
  CHECK(is_answered(member, far, hello_of(member)));
  caf::scoped_actor waiting{member.system};
  waiting->monitor(far);
  CHECK(is_answered(again, again.dial(port), hello_of(again)));
  bool closed = false;
  waiting->receive([&](const caf::down_msg&) { closed = true; },
                   caf::after(std::chrono::seconds{2}) >> [] {});
  CHECK(closed);
}

TEST_CASE("door: the longest hello is not too long for a stranger") {
  process client;
  const std::string address(max_address_bytes, 'x');
  hello m;
  m.cluster = m.address = address;
  m.node = client.spawn(nobody);
  hosted_role role{role_id{std::string(role_id::max_size, 'x')}, role_kind::acceptor, address,
                   m.node};
  role.lives.nonces.assign(life_history::max_kept, ~std::uint64_t{0});
  m.roles.assign(admission::max_hosted_roles, role);
  for (const auto kind : all_member_kinds)
    m.facts.first.members(kind).assign(max_members_of_a_kind, {role.id, address, ""});
  m.facts.engine = m.facts.protocol = m.facts.machine = address;
  std::vector<char> bytes;
  caf::binary_serializer{client.system, bytes}(m);
  CHECK(bytes.size() + 1'024 < door::basp_limits{}.stranger_payload_bytes);
}

namespace {

/// 33 configurations that were, of 64 members a kind, and one of now: a1 and r1, at two processes.
membership long_history(const std::string& a1, const std::string& r1) {
  config_history history;
  for (config_version version = 1; version <= config_history::most_kept + 2; ++version) {
    configuration next;
    next.version = version;
    next.first_slot = version;
    for (const auto kind : all_member_kinds)
      for (std::size_t i = 0; i < max_members_of_a_kind; ++i)
        next.members(kind).push_back({role_id{std::to_string(version * 1'000 + i)},
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
  process p;
  return p.listen(p.spawn(nobody));
}

} // namespace

TEST_CASE("door: processes meet whose cluster has changed its members very often") {
  process a, b;
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
  const auto start = [&](process& p, const std::shared_ptr<node_settings>& made, int i) {
    REQUIRE(p.system.middleman().publish(p.spawn(node_actor, made), ports[i], "127.0.0.1"));
  };
  start(a, settings("a1", role_kind::acceptor, 0, a1), 0);
  start(b, settings("r1", role_kind::replica, 1, r1), 1);
  auto met = up.get_future();
  REQUIRE(met.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  CHECK(met.get() == "r1");
}

TEST_CASE("door: a member that sends slowly is heard while its message comes") {
  process server, member;
  slow_link link{server.listen(server.spawn(doorkeeper)), 40'000};
  const auto far = member.dial(link.port());
  hello m;
  m.address = "host2:1";
  REQUIRE(is_answered(member, far, m));
  m.cluster.assign(2 << 20, 'x'); // 5 s
  CHECK(is_answered(member, far, m));
}

namespace {

/// Lets in whoever says hello and, when told to, sends it more than may wait for it.
struct generous {
  explicit generous(caf::event_based_actor* s) : self(s) {}

  caf::behavior make_behavior() {
    return {[this](const hello& m) {
              admit(self->system(), self->current_sender()->node(), true);
              node = m.node;
              return welcome{};
            },
            [this](stop_atom) {
              const std::size_t piece = 1 << 20;
              for (std::size_t sent = 0; sent <= max_member_output_bytes; sent += piece)
                self->send(node, export_page{std::string(piece, 'x')});
            }};
  }

  caf::event_based_actor* self;
  caf::actor node;
};

} // namespace

TEST_CASE("door: what waits for a member that does not read is bounded") {
  log_lines log;
  process server, member;
  const auto keeper = server.spawn([](caf::stateful_actor<std::optional<generous>>* self) {
    return self->state.emplace(self).make_behavior();
  });
  const auto far = member.dial(server.listen(keeper));
  std::promise<void> reads_again;
  hello m;
  m.address = "host2:1";
  m.node = member.spawn([until = reads_again.get_future().share()](caf::event_based_actor*) {
    return caf::behavior{[until](stop_atom) { until.wait(); }, [](const export_page&) {}};
  });
  REQUIRE(is_answered(member, far, m));
  caf::anon_send(m.node, stop_atom::value); // it runs in the thread of the network
  caf::anon_send(keeper, stop_atom::value);
  CHECK(log.await("it takes less than it is sent"));
  reads_again.set_value();
}

} // namespace pmmc::test
