// Who gets in at the CAF port of a process, under which name, and what it may say.
#include "actors/door_stage.hpp"
#include "caf/guarded_broker.hpp"
#include "core_helpers.hpp"
#include "door/basp.hpp"
#include "membership/reconfiguration.hpp"
#include "node/node_actor.hpp"

#include <arpa/inet.h>
#include <array>
#include <sys/socket.h>
#include <unistd.h>

namespace pmmc::test {

namespace {

std::string number(std::uint64_t n, std::size_t bytes) {
  std::string s;
  while (bytes-- > 0)
    s += static_cast<char>(n >> 8 * bytes);
  return s;
}

std::string name_of(door_process& p) {
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

played_hello hello_with(const std::vector<caf::actor>& handles) {
  played_hello m;
  for (const auto& handle : handles)
    m.roles.push_back({"c1", role_kind::client, {}, handle});
  return m;
}

} // namespace

TEST_CASE("door: whoever names actors names its own, and not any number of them") {
  door_process server, client, third;
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
  door_process server, member;
  const auto port = server.listen(server.spawn(doorkeeper));
  played_hello m;
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
  SUBCASE("its door_process dials once more, and does not choose that") {
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

TEST_CASE("door: a door_process that takes another one's place takes its connection, too") {
  door_process server, member, again;
  auto settings = std::make_shared<node_settings>();
  settings->cluster = "test";
  settings->address = "host1:1";
  settings->known = membership{make_config()};
  const auto port = server.listen(server.spawn(node_actor, settings));
  const auto hello_of = [](door_process& p) {
    const auto own = p.spawn(nobody);
    return played_hello{"test", "host2:1", 5,     own, {{"l2", role_kind::leader, "disk", own}},
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
  door_process client;
  const std::string address(max_address_bytes, 'x');
  played_hello m;
  m.cluster.assign(max_said_bytes, 'x');
  m.address = address;
  m.node = client.spawn(nobody);
  hosted_role role{role_id{std::string(role_id::max_size, 'x')}, role_kind::acceptor, address,
                   m.node};
  role.lives.nonces.assign(life_history::max_kept, ~std::uint64_t{0});
  m.roles.assign(max_hosted_roles, role);
  for (const auto kind : pmmc_kinds)
    m.facts.first.members(kind).assign(max_members_of_a_kind, {role.id, address, ""});
  m.facts.engine = m.facts.protocol = m.facts.machine = m.cluster;
  std::vector<char> bytes;
  caf::binary_serializer{client.system, bytes}(m.as_sent());
  CHECK(read(m.as_sent()));
  CHECK(bytes.size() + 1'024 < door::basp_limits{}.stranger_payload_bytes);
}

} // namespace pmmc::test
