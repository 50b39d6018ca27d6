// A whole cluster of servers in one system, of each engine. Chance picks which actor handles its
// next message and when time passes; with the same seed it picks the same.
#include "actors/stage.hpp"
#include "core_helpers.hpp"
#include "parts/client_actor.hpp"
#include "parts/server_actor.hpp"

#include <doctest/doctest.h>
#include <map>
#include <set>

namespace pmmc::test {

namespace {

/// s1, s2, s3 and the client c. Who is up is told to everybody, as a node would.
class server_cluster : public stage {
public:
  server_cluster(engine_kind engine, std::uint64_t seed) : engine_(engine), chance_(seed) {
    for (const auto* id : {"s1", "s2", "s3", "c"})
      start(id);
  }

  void start(const role_id& id) {
    const auto role = id == role_id{"c"} ? start_client(id) : start_server(id);
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
    servers_.erase(id);
    for (const auto& [other, hosted] : up_)
      send(hosted.handle, peer_down{id, "crashed"});
  }

  /// One message at an actor that chance picks, or, if there is none or at times, 10 ms.
  void step() {
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

  bool servers_agree() const {
    std::set<slot_num> slots;
    for (const auto& [id, shell] : servers_)
      slots.insert(shell->core.slot_out());
    return slots.size() == 1;
  }
  const std::map<role_id, std::shared_ptr<server_shell>>& servers() const { return servers_; }

private:
  hosted_role start_server(const role_id& id) {
    server_shell::settings options;
    options.part.service.id = id;
    options.part.service.batch_requests = 3;
    options.part.seed = chance_.next();
    options.part.snapshot_log_bytes = 200; // so that there are some
    options.log.raft.kept_bytes = 0;
    auto opened = directory(role_kind::server, id, config_, 8, engine_);
    const auto facts = opened.info().facts;
    auto shell = std::make_shared<server_shell>(options, std::move(opened), [facts] {
      return first_state(std::make_unique<log_machine>(), facts);
    });
    shell->helpers_detached = false;
    servers_[id] = shell;
    return {id,
            role_kind::server,
            shell->own.format_id,
            spawn(server_actor, shell),
            shell->own.lives,
            shell->own.records};
  }

  hosted_role start_client(const role_id& id) {
    client::settings options;
    options.id = id;
    options.seed = chance_.next();
    return {
        id, role_kind::client, {}, spawn(client_actor, std::make_shared<client_shell>(options))};
  }

  engine_kind engine_;
  random_source chance_;
  configuration config_ = make_servers();
  std::map<role_id, hosted_role> up_;
  std::map<role_id, std::shared_ptr<server_shell>> servers_;
  recorder user_ = record("user");
  std::map<std::uint64_t, std::string> outcomes_;
};

constexpr std::uint64_t operations = 40;

/// Submits, and now and then, when `disturb` says so, something happens. Everything was executed
/// once, in the order of submission, and all servers are equal.
template <class Disturb>
void run(engine_kind engine, std::uint64_t seed, Disturb disturb) {
  INFO("PMMC_SEED=" << seed << ", engine " << to_string(engine));
  server_cluster cluster{engine, seed};
  for (std::uint64_t tag = 1; tag <= operations; ++tag) {
    cluster.submit(tag);
    for (int i = 0; i < 400; ++i)
      cluster.step();
    disturb(cluster, tag);
  }
  REQUIRE(cluster.run_until([&] { return cluster.outcomes() == operations; }));
  std::string expected;
  for (std::uint64_t tag = 1; tag <= operations; ++tag) {
    expected += std::to_string(tag) + ",";
    CHECK(cluster.outcome(tag) == expected);
  }
  REQUIRE(cluster.run_until([&] { return cluster.servers_agree(); }));
  const auto& first = *cluster.servers().begin()->second;
  for (const auto& [id, shell] : cluster.servers()) {
    CHECK(shell->core.state().fingerprint() == first.core.state().fingerprint());
    CHECK(shell->core.snapshot_slot() > 1);
  }
}

constexpr std::array both = {engine_kind::raft, engine_kind::simple};

} // namespace

TEST_CASE("a cluster of servers decides, whatever the order of the messages") {
  const auto first = seed_or(1);
  for (const auto engine : both)
    for (auto seed = first; seed < first + 3; ++seed)
      run(engine, seed, [](server_cluster&, std::uint64_t) {});
}

TEST_CASE("a cluster of servers survives restarts of each of them") {
  const auto first = seed_or(1'000);
  for (const auto engine : both)
    for (auto seed = first; seed < first + 3; ++seed)
      run(engine, seed, [](server_cluster& cluster, std::uint64_t tag) {
        static const std::map<std::uint64_t, role_id> downs{{5, "s1"}, {15, "s2"}, {25, "s3"}};
        static const std::map<std::uint64_t, role_id> ups{{12, "s1"}, {23, "s2"}, {33, "s3"}};
        if (const auto it = downs.find(tag); it != downs.end())
          cluster.crash(it->second);
        if (const auto it = ups.find(tag); it != ups.end())
          cluster.start(it->second);
      });
}

TEST_CASE("all servers are gone at once, and come back with what they answered for") {
  const auto first = seed_or(2'000);
  for (const auto engine : both)
    run(engine, first, [](server_cluster& cluster, std::uint64_t tag) {
      if (tag != 20)
        return;
      for (const auto* id : {"s1", "s2", "s3"})
        cluster.crash(id);
      for (const auto* id : {"s1", "s2", "s3"})
        cluster.start(id);
    });
}

} // namespace pmmc::test
