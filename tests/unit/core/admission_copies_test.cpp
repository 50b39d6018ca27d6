// A copy of a member's directories was started elsewhere.
#include "cluster_facts_samples.hpp"
#include "core_helpers.hpp"
#include "membership/admission.hpp"

#include <doctest/doctest.h>

namespace pmmc::test {

namespace {

constexpr cluster_identity ours = 0x1111;

introduced_role role(role_kind kind, const role_id& id, std::string disk) {
  return {id, kind, std::move(disk)};
}

membership members() { return membership{config_history{make_config()}, 1, ours}; }

/// The process of host1.
admission host1() {
  return {{"test",
           "host1:1",
           {role(role_kind::acceptor, "a1", "d1"), role(role_kind::replica, "r1", "e1"),
            role(role_kind::client, "c1", "")},
           {"host1:1", "host2:1"},
           "test.conf",
           some_facts()},
          members()};
}

introduction says(std::string address, std::vector<introduced_role> roles) {
  return {"test", std::move(address), std::move(roles), ours, 1, false, some_facts()};
}

const std::vector<running_role> a2_runs{{"a2", "d2", "host2:1"}};

} // namespace

TEST_CASE("admission: a copy of a directory of this process is refused, wherever it is") {
  auto host = host1();
  for (const auto* address : {"host9:1", "host2:1"}) {
    const auto answer = host.answer(says(address, {role(role_kind::acceptor, "a1", "d1")}), {});
    CHECK(answer.refusal == "it has the directory of a1, which is of this process: a copy");
    CHECK_FALSE(answer.was_removed); // it must not end for that
  }
  CHECK(host.answer(says("host9:1", {role(role_kind::replica, "r1", "e1")}), {}).refusal != "");
  // A replica that is to take the place of this one, on another disk.
  CHECK(host.answer(says("host9:1", {role(role_kind::replica, "r1", "new")}), {}).refusal.empty());
}

TEST_CASE("admission: who says that it listens here is refused: a dial has led to this process") {
  auto host = host1();
  CHECK(host.answer(says("host1:1", {role(role_kind::acceptor, "a7", "d7")}), {}).refusal ==
        "it says that it listens at this process's address");
}

TEST_CASE("admission: a copy is refused while the member runs, and the member is not") {
  auto host = host1();
  const auto a2 = [&](const char* address, const char* disk, const auto& running) {
    return host.answer(says(address, {role(role_kind::acceptor, "a2", disk)}), {}, running).refusal;
  };
  CHECK(a2("host9:1", "d2", a2_runs) ==
        "it has the directory of a2, with which the process at host2:1 runs: one of the two is a "
        "copy");
  CHECK(a2("host9:1", "other", a2_runs).empty()); // a guest that says nothing of that disk
  CHECK(a2("host9:1", "d2", std::vector<running_role>{}).empty()); // it has moved
  CHECK(a2("host2:1", "d2", a2_runs).empty());                     // it was started again
  const std::vector<running_role> copy_runs{{"a2", "d2", "host9:1"}};
  CHECK(a2("host2:1", "d2", copy_runs).empty()); // the configuration says who is right
  CHECK(a2("host9:1", "d2", copy_runs).empty()); // a guest that was started again
}

TEST_CASE("admission: who knows a later configuration may have moved, and is let in") {
  auto host = host1();
  auto moved = says("host9:1", {role(role_kind::acceptor, "a2", "d2")});
  CHECK(host.answer(moved, {}, a2_runs).refusal != "");
  moved.version = 2;
  CHECK(host.answer(moved, {}, a2_runs).refusal == "");
  moved.roles = {role(role_kind::acceptor, "a1", "d1")};
  CHECK(host.answer(moved, {}, a2_runs).refusal != ""); // it is here
}

TEST_CASE("admission: a copy is one whatever other roles its process has, and needs a directory") {
  auto host = host1();
  const auto refusal = [&](std::vector<introduced_role> roles) {
    return host.answer(says("host2:1", std::move(roles)), {}, {{"r3", "e3", "host3:1"}}).refusal;
  };
  const auto copy = role(role_kind::replica, "r3", "e3");
  CHECK(refusal({copy}).starts_with("it has the directory of r3"));
  CHECK(refusal({role(role_kind::acceptor, "a2", "d2"), copy}).starts_with("it has the directory"));
  CHECK(refusal({role(role_kind::client, "c9", ""), copy}).starts_with("it has the directory"));
  CHECK(refusal({role(role_kind::replica, "r2", "e2"), role(role_kind::client, "c1", "")}).empty());
}

TEST_CASE("admission: who was dialled and has a directory of this process is not met") {
  auto host = host1();
  const auto reply = [](std::vector<introduced_role> roles) {
    return introduction_reply{{}, false, "test", std::move(roles), members(), some_facts()};
  };
  CHECK(host.hear("host2:1", reply({role(role_kind::acceptor, "a1", "d1")})).refused ==
        "has a directory of this process: it runs with a copy");
  CHECK(host.hear("host2:1", reply({role(role_kind::acceptor, "a2", "d2")})).refused.empty());
}

namespace {

/// Version 2, with a1 at host9, and so on; only the latest is live.
membership a1_moves(std::vector<std::string> addresses) {
  auto known = members();
  for (const auto& address : addresses) {
    auto next = make_config();
    next.version = known.version() + 1;
    next.first_slot = 9 * next.version;
    next.acceptors[0].address = address;
    known.configurations.add(next);
    known.live_from = next.version;
  }
  return known;
}

admission process_at(const std::string& address, std::vector<introduced_role> roles,
                     membership known) {
  return {{"test", address, std::move(roles), {}, "test.conf", some_facts()}, std::move(known)};
}

const auto a1 = role(role_kind::acceptor, "a1", "d1"), r1 = role(role_kind::replica, "r1", "e1");

/// Why `from`, which dials, and the other one do not meet.
std::string refusal(admission& from, admission& to, const std::vector<running_role>& run = {}) {
  return from.hear(to.own().address, to.answer(from.introduce(), {}, run)).refused;
}

} // namespace

TEST_CASE("admission: who left an acceptor's directory behind and who has it now let each other "
          "in") {
  const auto meet = [](std::string left, std::vector<std::string> moves) {
    const auto known = a1_moves(moves);
    auto host = process_at(left, {a1, r1}, known), host9 = process_at("host9:1", {a1}, known);
    const auto both = [&] {
      CHECK(refusal(host, host9) == "");
      CHECK(refusal(host9, host) == "");
    };
    both();
    for (int i = 0; i < 40; ++i) {
      moves.push_back("host9:1");
      const auto later = a1_moves(moves);
      CHECK(host.learn(later));
      CHECK(host9.learn(later));
    }
    both();
    return host.known().was_at(role_kind::acceptor, "a1", left);
  };
  CHECK(meet("host1:1", {"host9:1"})); // the first configuration is never forgotten
  CHECK_FALSE(meet("host8:1", {"host8:1", "host9:1"}));
}

TEST_CASE("admission: a directory that was left behind does not keep its process from others") {
  const auto known = a1_moves({"host9:1"});
  auto host = process_at("host1:1", {a1, r1}, known);
  auto host2 = process_at("host2:1", {role(role_kind::acceptor, "a2", "d2")}, known);
  CHECK(refusal(host, host2, {{"a1", "d1", "host9:1"}}) == "");
}

TEST_CASE("admission: who refuses tells a process of its cluster what it knows") {
  const auto known = a1_moves({"host9:1"});
  auto host = process_at("host1:1", {a1, r1}, members()),
       host9 = process_at("host9:1", {a1}, known);
  const auto reply_to_copy = host9.answer(host.introduce(), {}, {});
  REQUIRE(reply_to_copy.refusal.find("a copy") != std::string::npos);
  CHECK(host.hear("host9:1", reply_to_copy).tells_members);
  CHECK(host.learn(reply_to_copy.known));
  CHECK(refusal(host, host9) == "");
  SUBCASE("not of another one") {
    auto other = reply_to_copy;
    SUBCASE("by its name") { other.cluster = "other"; }
    SUBCASE("by what it agrees on") { other.facts.window += 1; }
    const auto after = host.hear("host9:1", other);
    CHECK_FALSE(after.refused.empty());
    CHECK_FALSE(after.tells_members);
  }
  SUBCASE("not if it was removed, which ends it") {
    auto removal = reply_to_copy;
    removal.was_removed = true;
    const auto after = host.hear("host9:1", removal);
    CHECK_FALSE(after.removed.empty());
    CHECK_FALSE(after.tells_members);
  }
  SUBCASE("nor a client, which goes by who lets it in") {
    admission client{{"test", "", {role(role_kind::client, "c1", "")}, {}, "", {}}, members()};
    CHECK_FALSE(client.hear("host9:1", reply_to_copy).tells_members);
  }
}

TEST_CASE("admission: what was left behind is named again when it is a member here again") {
  auto host = process_at("host1:1", {a1, r1}, a1_moves({"host9:1"}));
  auto host9 = process_at("host9:1", {a1}, host.known());
  REQUIRE(host.introduce().roles.size() == 1);
  CHECK(host.introduce().roles[0].id == role_id{"r1"});
  CHECK(host.untold_roles() == host.left_places());
  CHECK(host.learn(a1_moves({"host9:1", "host1:1"})));
  CHECK(host.left_places().empty());
  CHECK(host.introduce().roles.size() == 2);
  CHECK(refusal(host9, host) != ""); // now that one has a copy
}

TEST_CASE("admission: a process with nothing but what was left behind is a copy") {
  auto host9 = process_at("host9:1", {a1}, a1_moves({"host9:1"}));
  for (const auto& roles : {std::vector{a1}, {a1, role(role_kind::client, "c1", "")}}) {
    auto host = process_at("host1:1", roles, host9.known());
    CHECK(host.has_left("a1"));
    CHECK(host.introduce().roles.size() == roles.size()); // or it would be taken for a client
    CHECK(refusal(host, host9) != "");
    CHECK(refusal(host9, host) != "");
  }
}

TEST_CASE("admission: who left an acceptor behind, and lost its other role while down, stays") {
  auto moved = a1_moves({"host9:1"});
  auto host = process_at("host1:1", {a1, r1}, moved);
  auto next = moved.configurations.latest();
  next.version = moved.live_from = 3;
  next.first_slot = 27;
  next.replicas.erase(next.replicas.begin());
  moved.configurations.add(next);
  auto host2 = process_at("host2:1", {role(role_kind::acceptor, "a2", "d2")}, moved);
  CHECK(refusal(host, host2) == ""); // as it was while it named both
  auto alone = process_at("host1:1", {r1}, a1_moves({"host9:1"}));
  CHECK(refusal(alone, host2).find("r1 was removed") != std::string::npos);
}

TEST_CASE("admission: who was removed knows it, whatever it left behind") {
  auto known = a1_moves({"host9:1"});
  auto next = known.configurations.latest();
  next.version = known.live_from = 3;
  next.first_slot = 27;
  next.replicas.erase(next.replicas.begin());
  known.configurations.add(next);
  auto host = process_at("host1:1", {a1, r1}, known);
  CHECK(host.introduce().rejoins);
  CHECK(host.knows_of_removal()); // of all that it names
  auto host2 = process_at("host2:1", {role(role_kind::acceptor, "a2", "d2")}, known);
  CHECK(refusal(host, host2) == "");
}

} // namespace pmmc::test
