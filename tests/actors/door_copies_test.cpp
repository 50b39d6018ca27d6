// A member and a copy of its directory, with real connections: the copy's is closed when the two
// can be told apart.
#include "actors/door_stage.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"

#include <string>
#include <thread>

namespace pmmc::test {

namespace {

constexpr auto first_place = "127.0.0.1:1", second_place = "127.0.0.1:3";

configuration members_of(const std::string& place_of_a1, config_version version = 1) {
  configuration config;
  config.version = version;
  config.first_slot = 10 * version - 9;
  config.acceptors = {{"a1", place_of_a1}};
  config.leaders = {{"l1", "127.0.0.1:2"}};
  config.replicas = {{"r1", "127.0.0.1:2"}};
  return config;
}

/// The process of a1, or of its copy: it says what the test wants to the node that it has dialled.
class a1_process {
public:
  a1_process(std::string place, std::uint16_t port)
      : place_(std::move(place)), self_(process_.system), node_(process_.dial(port)) {
    self_->monitor(node_);
  }

  /// What the node answers to its hello.
  std::string refusal(config_version version = 1) {
    const auto handle = caf::actor_cast<caf::actor>(self_);
    self_->send(node_, hello{"test",
                             place_,
                             5,
                             handle,
                             {{"a1", role_kind::acceptor, "disk", handle}},
                             0,
                             version,
                             false,
                             {}});
    std::string why;
    self_->receive([&](const welcome& m) { why = m.refusal; },
                   caf::after(patience) >> [] { FAIL("no answer"); });
    return why;
  }
  template <class M>
  void say(const M& m) {
    self_->send(node_, m);
  }
  void await_end() {
    self_->receive([](const caf::down_msg&) {},
                   caf::after(patience) >> [] { FAIL("the connection holds"); });
  }

private:
  static constexpr std::chrono::seconds patience{10};

  std::string place_;
  door_process process_;
  caf::scoped_actor self_;
  caf::actor node_;
};

/// The process of l1 and r1.
struct host_of_node : door_process {
  host_of_node() {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = "test";
    settings->address = "127.0.0.1:2";
    settings->roles = {{"r1", role_kind::replica, "disk of r1", spawn(nobody)}};
    settings->known = membership{members_of(first_place)};
    port = listen(spawn(node_actor, settings));
  }
  std::uint16_t port = 0;
};

} // namespace

TEST_CASE("a copy that came while the member was silent goes when the member speaks again") {
  host_of_node host;
  a1_process member{first_place, host.port}, copy{second_place, host.port};
  REQUIRE(member.refusal() == "");
  CHECK(copy.refusal().ends_with("one of the two is a copy"));
  for (int tries = 0; tries < 100 && copy.refusal() != ""; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  member.say(heartbeat{5});
  copy.await_end();
}

TEST_CASE("when a member is met at its new place, the one at its old place goes") {
  host_of_node host;
  a1_process former{first_place, host.port}, moved{second_place, host.port};
  REQUIRE(former.refusal() == "");
  REQUIRE(moved.refusal(2) == "");
  membership news{members_of(first_place)};
  news.configurations.add(members_of(second_place, 2));
  news.live_from = 2;
  moved.say(members_news{news});
  former.await_end();
}

} // namespace pmmc::test
