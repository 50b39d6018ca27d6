// A change of the members, over processes that are made up: what it says, and when it gives up.
#include "change/change_error.hpp"
#include "change/membership_change.hpp"

#include "core_helpers.hpp"

#include <doctest/doctest.h>
#include <functional>

namespace pmmc::test {

namespace {

/// Three processes with a role of each kind. What was proposed is decided at once.
class made_up_cluster : public change_access {
public:
  made_up_cluster() {
    const auto first = make_config(3);
    cluster_.known = membership{config_history{first}};
    cluster_.answered = true;
    for (const auto kind : all_member_kinds)
      for (const auto& m : first.members(kind))
        run(kind, m);
  }

  role_status& run(role_kind kind, const member& m) {
    auto& process = cluster_.processes[m.address].status;
    process.address = m.address;
    role_status status;
    status.id = m.id;
    status.kind = kind;
    status.is_fresh = true;
    if (kind == role_kind::leader)
      status.state = leader_vitals{.active = m.id == role_id{"l1"}};
    else if (kind == role_kind::replica)
      status.state = replica_vitals{.slot_out = 10};
    process.roles.push_back(std::move(status));
    return process.roles.back();
  }

  void stop(const role_id& id) {
    for (auto& [address, process] : cluster_.processes)
      std::erase_if(process.status.roles, [&](const auto& role) { return role.id == id; });
  }

  /// Version 2, in which a1 is elsewhere.
  void move_a1(const std::string& address) {
    auto next = cluster_.known.configurations.latest();
    next.version = 2;
    next.first_slot = 5;
    next.acceptors[0].address = address;
    cluster_.known.configurations.add(next);
    stop("a1");
    run(role_kind::acceptor, next.acceptors[0]);
  }

  probed_cluster ask(const std::set<std::string>&) override {
    if (++asked_ == 2 && when_asked_again)
      when_asked_again();
    return cluster_;
  }

  client_outcome propose(const std::string& op) override {
    proposed = true;
    auto configurations = cluster_.known.configurations;
    const auto outcome = reconfigure(*decode_reconfiguration(op), 10, 2, configurations);
    cluster_.known.configurations = configurations;
    for (auto& [address, process] : cluster_.processes)
      for (auto& role : process.status.roles)
        if (role.kind == role_kind::replica)
          role.state = replica_vitals{.slot_out = 13};
    for (const auto& id : gone_when_decided)
      stop(id);
    client_outcome result;
    result.kind = outcome_kind::done;
    result.body = encode(outcome);
    return result;
  }

  void say(const std::string& text) override { said += text + "\n"; }

  std::string said;
  bool proposed = false;
  std::function<void()> when_asked_again;
  std::vector<role_id> gone_when_decided;

private:
  probed_cluster cluster_;
  int asked_ = 0;
};

/// Why the change fails.
change_error failure(made_up_cluster& cluster, reconfiguration change, bool dry_run = false) {
  try {
    membership_change{std::move(change), {dry_run, std::chrono::milliseconds{100}}, cluster}.run();
  } catch (const change_error& e) {
    return e;
  }
  return {change_failure::bad_words, "it did not fail"};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("change: refused if the new configuration has no leader, or too few replicas, that run") {
  struct try_out {
    std::vector<role_id> down;
    std::vector<reconfiguration::removal> remove;
    const char* because;
  };
  for (const auto& [down, remove, because] : std::vector<try_out>{
           {{"l3"},
            {{role_kind::leader, "l1"}, {role_kind::leader, "l2"}},
            "no leader of the new configuration can be reached, and 1 is needed:\n  l3 at host3:1"},
           {{"r3"},
            {{role_kind::replica, "r1"}},
            "only 1 of the 2 replicas of the new configuration can be reached, and 2 are needed"},
           {{"r2", "r3"}, {{role_kind::leader, "l2"}}, "only 1 of the 3 replicas"},
           {{"a3"}, {{role_kind::acceptor, "a1"}}, "only 1 of the 2 acceptors"},
       })
    for (const bool dry_run : {false, true}) {
      made_up_cluster cluster;
      for (const auto& id : down)
        cluster.stop(id);
      const auto error = failure(cluster, {0, remove, {}}, dry_run);
      CHECK(error.kind == change_failure::refused);
      CHECK_MESSAGE(has(error.what(), because), error.what());
      CHECK_FALSE(cluster.proposed);
    }
}

TEST_CASE("change: refused if who was there has gone while newcomers caught up") {
  made_up_cluster cluster;
  const member r4{"r4", "host4:1"};
  auto& newcomer = cluster.run(role_kind::replica, r4);
  newcomer.state = replica_vitals{}; // too far behind
  cluster.when_asked_again = [&] {
    newcomer.state = replica_vitals{.slot_out = 10};
    cluster.stop("l2");
  };
  const reconfiguration change{
      0, {{role_kind::leader, "l1"}, {role_kind::leader, "l3"}}, {{role_kind::replica, r4}}};
  const auto error = failure(cluster, change);
  CHECK(has(cluster.said, "replica r4 is catching up"));
  CHECK(error.kind == change_failure::refused);
  CHECK_MESSAGE(has(error.what(), "no leader of the new configuration can be reached"),
                error.what());
  CHECK_FALSE(cluster.proposed);
}

TEST_CASE("change: who is to go back to where it was is told what is in its way there") {
  made_up_cluster cluster;
  cluster.move_a1("host9:1");
  for (const auto* there : {"host1:1", "host8:1"}) {
    const reconfiguration change{
        0, {{role_kind::acceptor, "a1"}}, {{role_kind::acceptor, {"a1", there}}}};
    const auto error = failure(cluster, change);
    CHECK(error.kind == change_failure::refused);
    CHECK_MESSAGE(has(error.what(), "It has to run there first: stop it where it is, "),
                  error.what());
    CHECK(has(error.what(), "remove the files `members` of it and of every role that runs with") ==
          (there == std::string{"host1:1"}));
  }
}

TEST_CASE("change: who is waited for is named") {
  made_up_cluster cluster;
  cluster.gone_when_decided = {"r2", "r3"};
  const auto error = failure(cluster, {0, {{role_kind::leader, "l2"}}, {}});
  CHECK(error.kind == change_failure::unknown);
  CHECK_MESSAGE(has(error.what(),
                    "version 2 is in force; 2 of its 3 replicas must have a snapshot of slot 12 on "
                    "disk; without one: r1 r2 (down) r3 (down), and nothing has moved for 0 s; do "
                    "not switch anything off yet"),
                error.what());
}

} // namespace pmmc::test
