// A member and a copy of its directory, with real connections: the copy's is closed when the two
// can be told apart.
#include "actors/door_stage.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

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

/// What has come to a process, for the test, which is another thread.
class heard {
public:
  void welcomed(const std::string& refusal) {
    change([&] { refusals_.push_back(refusal); });
  }
  void end() {
    change([&] { ended_ = true; });
  }
  std::string await_refusal() {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, patience, [this] { return !refusals_.empty(); }));
    return std::exchange(refusals_, {}).front();
  }
  bool await_end() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [this] { return ended_; });
  }

private:
  static constexpr std::chrono::seconds patience{10};

  template <class Change>
  void change(Change change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> refusals_;
  bool ended_ = false;
};

/// How a process takes it that the other one says hello again.
enum class second_hello { refused, fails };

caf::behavior hearing(caf::event_based_actor* self, std::shared_ptr<heard> all,
                      const caf::actor& node, second_hello again) {
  self->monitor(node);
  self->set_down_handler([=](caf::scheduled_actor*, caf::down_msg&) { all->end(); });
  self->set_default_handler(caf::drop);
  return {[=](const welcome& m) { all->welcomed(as_told(m).refusal); },
          [=](const hello&) -> caf::result<welcome> {
            if (again == second_hello::fails)
              return caf::sec::runtime_error;
            return played_welcome{
                "it says something else than before", false, "test", "", 5, {}, {}, {}}
                .as_sent();
          }};
}

/// The process of a1, or of its copy: it says what the test wants to the node that it has dialled.
class a1_process {
public:
  a1_process(std::string place, std::uint16_t port, second_hello again = second_hello::refused)
      : place_(std::move(place)), node_(process_.dial(port)),
        self_(process_.spawn(hearing, heard_, node_, again)) {}

  /// What the node answers to its hello, which names acceptors.
  std::string refusal(config_version version = 1, const std::vector<role_id>& named = {"a1"}) {
    std::vector<hosted_role> roles;
    for (const auto& id : named)
      roles.push_back({id, role_kind::acceptor, "disk", self_});
    say(played_hello{"test", place_, 5, self_, std::move(roles), 0, version, false, {}}.as_sent());
    return heard_->await_refusal();
  }
  template <class M>
  void say(M m) {
    caf::send_as(self_, node_, std::move(m));
  }
  bool is_left() { return heard_->await_end(); }

private:
  std::string place_;
  std::shared_ptr<heard> heard_ = std::make_shared<heard>();
  door_process process_;
  caf::actor node_, self_;
};

/// Of the node's own roles.
caf::behavior losing(caf::event_based_actor* self, std::shared_ptr<heard> all) {
  self->set_default_handler(caf::drop);
  return {[=](const peer_down&) { all->end(); }};
}

/// The process of l1 and r1.
struct host_of_node : door_process {
  host_of_node() {
    auto settings = std::make_shared<node_settings>();
    settings->cluster = "test";
    settings->address = "127.0.0.1:2";
    settings->roles = {{"r1", role_kind::replica, "disk of r1", spawn(losing, r1_)},
                       {"l1", role_kind::leader, "disk of l1", spawn(losing, l1_)}};
    settings->known = membership{members_of(first_place)};
    port = listen(spawn(node_actor, settings));
  }
  /// Whether a role that its roles knew cannot be reached any more.
  bool has_lost_a_role() { return r1_->await_end(); }
  std::uint16_t port = 0;

private:
  std::shared_ptr<heard> r1_ = std::make_shared<heard>(), l1_ = std::make_shared<heard>();
};

} // namespace

TEST_CASE("a copy that came while the member was silent goes when the member speaks again") {
  host_of_node host;
  a1_process member{first_place, host.port}, copy{second_place, host.port};
  REQUIRE(member.refusal() == "");
  CHECK(copy.refusal().ends_with("one of the two is a copy"));
  REQUIRE(host.has_lost_a_role());
  REQUIRE(copy.refusal() == "");
  member.say(heartbeat{5});
  CHECK(copy.is_left());
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
  CHECK(former.is_left());
}

TEST_CASE("when a member's process says hello again and names it, a copy goes") {
  host_of_node host;
  a1_process member{first_place, host.port}, copy{second_place, host.port};
  REQUIRE(member.refusal(1, {"a9"}) == "");
  REQUIRE(copy.refusal() == "");
  REQUIRE(member.refusal(1, {"a9", "a1"}) == "");
  CHECK(copy.is_left());
}

TEST_CASE("who does not take that a role has left is not spoken with as if it had heard it") {
  host_of_node host;
  auto again = second_hello::refused;
  SUBCASE("it refuses") {}
  SUBCASE("it fails") { again = second_hello::fails; }
  a1_process member{first_place, host.port, again};
  REQUIRE(member.refusal() == "");
  auto next = members_of(first_place, 2);
  next.leaders[0].address = "127.0.0.1:4";
  membership news{members_of(first_place)};
  news.configurations.add(next);
  news.live_from = 2;
  member.say(members_news{news});
  CHECK(member.is_left());
}

} // namespace pmmc::test
