// A whole cluster of actors in one system. Chance picks which actor handles its next message and
// when time passes; with the same seed it picks the same.
#include "actors/stage.hpp"
#include "core_helpers.hpp"
#include "node/node_actor.hpp"
#include "parts/acceptor_actor.hpp"
#include "parts/client_actor.hpp"
#include "parts/leader_actor.hpp"
#include "parts/replica_actor.hpp"

#include <doctest/doctest.h>
#include <map>
#include <set>

namespace pmmc::test {

namespace {

/// a1…a3, l1, l2, r1…r3 and the client c. Who is up is told to everybody, as a node would.
class small_cluster : public stage {
public:
  explicit small_cluster(std::uint64_t seed) : chance_(seed) {
    config_ = make_config();
    config_.leaders.pop_back();
    for (const auto* id : {"a1", "a2", "a3", "l1", "l2", "r1", "r2", "r3", "c"})
      start(id);
  }

  void start(const role_id& id) {
    const auto role = spawn_role(id);
    for (const auto& [other, hosted] : up_) {
      send(hosted.handle, peer_up{role});
      send(role.handle, peer_up{hosted});
    }
    send(role.handle, peer_up{role});
    up_.insert_or_assign(id, role);
  }

  void crash(const role_id& id) {
    auto gone = up_.extract(id);
    stop(gone.mapped().handle);
    leaders_.erase(id);
    replicas_.erase(id);
    for (const auto& [other, hosted] : up_)
      send(hosted.handle, peer_down{id, "crashed"});
  }

  /// One message at an actor that chance picks, or, if there is none or at times, 10 ms.
  void step() {
    ++steps;
    if (ready_actors() == 0 || chance_.below(300) == 0)
      return advance(tick_length);
    deliver(chance_);
  }
  template <class Condition>
  bool run_until(Condition condition, std::size_t most_steps = 500'000) {
    for (std::size_t i = 0; i < most_steps; ++i) {
      if (condition())
        return true;
      step();
    }
    return false;
  }

  void submit(std::uint64_t tag) {
    send_from(user_, up_.at("c").handle,
              client_submit{tag, submission_kind::operation, std::to_string(tag), 100'000});
  }
  /// Outcomes by tag; each operation has one.
  std::size_t outcomes() {
    for (const auto& done : user_.take<client_done>()) {
      CHECK(done.outcome.kind == outcome_kind::done);
      CHECK(outcomes_.emplace(done.tag, done.outcome.body).second);
    }
    return outcomes_.size();
  }
  const std::string& outcome(std::uint64_t tag) const { return outcomes_.at(tag); }

  bool has_active_leader() const { return !active_leader().empty(); }
  role_id active_leader() const {
    for (const auto& [id, shell] : leaders_)
      if (shell->core.is_active())
        return id;
    return {};
  }

  const replicated_state& state_of(const role_id& id) const {
    return replicas_.at(id)->core.state();
  }
  slot_num snapshot_slot_of(const role_id& id) const {
    return replicas_.at(id)->core.snapshot_slot();
  }
  bool replicas_agree() const {
    std::set<slot_num> slots;
    for (const auto& [id, shell] : replicas_)
      slots.insert(shell->core.slot_out());
    return slots.size() == 1;
  }
  /// Sub-actors at work.
  std::size_t sub_actors() const {
    std::size_t count = 0;
    for (const auto& [id, shell] : leaders_)
      count += shell->children.size();
    return count;
  }
  /// Those that there are when nothing is under way: the roles, three workers, the user.
  std::size_t expected_living() const { return up_.size() + replicas_.size() + 1; }

  std::uint64_t steps = 0;

private:
  hosted_role spawn_role(const role_id& id) {
    switch (id.view().front()) {
    case 'a':
      return start_acceptor(id);
    case 'l':
      return start_leader(id);
    case 'r':
      return start_replica(id);
    default:
      return start_client(id);
    }
  }

  hosted_role start_acceptor(const role_id& id) {
    auto shell = std::make_shared<acceptor_shell>(id, directory(role_kind::acceptor, id, config_),
                                                  config_history{config_});
    const auto disk = shell->directory.info().format_id;
    return {id, role_kind::acceptor, disk, spawn(acceptor_actor, std::move(shell))};
  }

  hosted_role start_leader(const role_id& id) {
    leader::settings options;
    options.id = id;
    options.seed = chance_.next();
    options.window = window;
    auto shell = std::make_shared<leader_shell>(options, directory(role_kind::leader, id, config_),
                                                config_history{config_});
    leaders_[id] = shell;
    return {id, role_kind::leader, "disk", spawn(leader_actor, std::move(shell))};
  }

  hosted_role start_replica(const role_id& id) {
    replica::settings options;
    options.id = id;
    options.seed = chance_.next();
    options.snapshot_log_bytes = 200; // so that there are some
    options.batch_requests = 3;
    options.kept_decisions_bytes = 0;
    auto shell = std::make_shared<replica_shell>(
        options, directory(role_kind::replica, id, config_), [config = config_] {
          return std::make_unique<replicated_state>(std::make_unique<log_machine>(),
                                                    config_history{config}, window);
        });
    shell->helpers_detached = false;
    replicas_[id] = shell;
    return {id, role_kind::replica, "disk", spawn(replica_actor, std::move(shell))};
  }

  hosted_role start_client(const role_id& id) {
    client::settings options;
    options.id = id;
    options.seed = chance_.next();
    return {
        id, role_kind::client, {}, spawn(client_actor, std::make_shared<client_shell>(options))};
  }

  static constexpr std::uint64_t window = 8;

  random_source chance_;
  configuration config_;
  std::map<role_id, hosted_role> up_;
  std::map<role_id, std::shared_ptr<leader_shell>> leaders_;
  std::map<role_id, std::shared_ptr<replica_shell>> replicas_;
  recorder user_ = record("user");
  std::map<std::uint64_t, std::string> outcomes_;
};

/// Everything was executed once, in the order of submission, and all replicas are equal.
void check_end(small_cluster& cluster, std::uint64_t operations) {
  REQUIRE(cluster.run_until([&] { return cluster.outcomes() == operations; }));
  std::string expected;
  for (std::uint64_t tag = 1; tag <= operations; ++tag) {
    expected += std::to_string(tag) + ",";
    CHECK(cluster.outcome(tag) == expected);
  }
  REQUIRE(cluster.run_until([&] { return cluster.replicas_agree() && cluster.sub_actors() == 0; }));
  for (const auto* id : {"r2", "r3"})
    CHECK(cluster.state_of(id).fingerprint() == cluster.state_of("r1").fingerprint());
  for (const auto* id : {"r1", "r2", "r3"})
    CHECK(cluster.snapshot_slot_of(id) > 1);
  REQUIRE(cluster.run_until([&] { return cluster.living() == cluster.expected_living(); }));
}

constexpr std::uint64_t operations = 40;

/// Submits, and now and then, when `disturb` says so, something happens.
template <class Disturb>
std::uint64_t run(std::uint64_t seed, Disturb disturb) {
  INFO("PMMC_SEED=" << seed);
  small_cluster cluster{seed};
  for (std::uint64_t tag = 1; tag <= operations; ++tag) {
    cluster.submit(tag);
    for (int i = 0; i < 400; ++i)
      cluster.step();
    disturb(cluster, tag);
  }
  check_end(cluster, operations);
  return cluster.steps;
}

constexpr auto nothing = [](small_cluster&, std::uint64_t) {};

} // namespace

TEST_CASE("a cluster of actors decides, whatever the order of the messages") {
  const auto first = seed_or(1);
  for (auto seed = first; seed < first + 3; ++seed)
    run(seed, nothing);
}

TEST_CASE("the same seed makes the same run") {
  const auto seed = seed_or(99);
  CHECK(run(seed, nothing) == run(seed, nothing));
}

TEST_CASE("a cluster of actors survives restarts of its roles") {
  const auto first = seed_or(1'000);
  for (auto seed = first; seed < first + 3; ++seed)
    run(seed, [](small_cluster& cluster, std::uint64_t tag) {
      static const std::map<std::uint64_t, role_id> downs{{5, "a1"}, {15, "r2"}, {25, "a3"}};
      static const std::map<std::uint64_t, role_id> ups{{12, "a1"}, {23, "r2"}, {33, "a3"}};
      if (const auto it = downs.find(tag); it != downs.end())
        cluster.crash(it->second);
      if (const auto it = ups.find(tag); it != ups.end())
        cluster.start(it->second);
    });
}

TEST_CASE("when the active leader is gone, the other one takes over") {
  const auto first = seed_or(2'000);
  for (auto seed = first; seed < first + 3; ++seed)
    run(seed, [](small_cluster& cluster, std::uint64_t tag) {
      if (tag != 10 && tag != 25)
        return;
      REQUIRE(cluster.run_until([&] { return cluster.has_active_leader(); }));
      const auto leader = cluster.active_leader();
      cluster.crash(leader);
      if (tag == 10)
        cluster.start(leader); // with the ballots that it had used
    });
}

} // namespace pmmc::test
