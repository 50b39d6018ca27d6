// What becomes of the roles that come, go and stay (docs/RECONFIGURATION.md, rules 4, 6 and 7).
#include "scenarios/site.hpp"

using namespace pmmc;
using namespace pmmc::test;

namespace {

std::vector<role_id> with_letter(const std::vector<role_id>& ids, char letter) {
  std::vector<role_id> found;
  for (const auto& id : ids)
    if (id.view().front() == letter)
      found.push_back(id);
  return found;
}

bool is_of(const role_id& id, const char* letters) {
  return std::string_view{letters}.find(id.view().front()) != std::string_view::npos;
}

} // namespace

TEST_CASE("all acceptors, all leaders, all replicas, or all of them are replaced in one command") {
  for (const std::string letters : {"a", "l", "r", "alr"}) {
    for (const bool remember : {true, false}) {
      CAPTURE(letters);
      CAPTURE(remember);
      script_settings settings;
      settings.remember_configurations = remember;
      site s{settings};
      s.write("r1");
      std::vector<role_id> remove;
      std::vector<role_id> add;
      for (const auto letter : letters) {
        for (const auto& id : with_letter(first_nine, letter))
          remove.push_back(id);
        for (const auto& id : with_letter(next_nine, letter))
          add.push_back(id);
      }
      s.change("r1", remove, add);
      s.finish_change();
      s.switch_off_removed();
      s.works();
      // Nothing waits for those that are gone, not even after a restart of everything.
      for (const auto& id : s.c.roles())
        s.c.crash(id);
      for (const auto& id : s.c.roles())
        s.c.restart(id);
      REQUIRE(s.c.run_until([&] { return s.quiet(); }, 1'000));
      s.works();
    }
  }
}

TEST_CASE("and back to the first membership") {
  script_settings settings;
  settings.replica.kept_decisions_bytes = 0;
  site s{settings};
  s.write("r1");
  s.change("r1", first_nine, next_nine);
  s.finish_change();
  s.switch_off_removed();
  s.works();
  s.change("r4", next_nine, first_nine);
  s.finish_change();
  s.switch_off_removed();
  CHECK(s.c.config().version == 3);
  CHECK(ids_of(s.c.config().acceptors) == std::vector<role_id>{"a1", "a2", "a3"});
  s.works();
  CHECK(s.c.snapshots_fetched() >= 3); // the first replicas had been away
}

TEST_CASE("member by member, the leader's last, while a client writes") {
  site s;
  const auto leader = s.c.active_leaders()[0];
  std::vector<std::string> numbers = {"1", "2", "3"};
  std::erase(numbers, std::string{leader.view().substr(1)});
  numbers.emplace_back(leader.view().substr(1));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& out = numbers[i];
    const auto in = std::to_string(4 + i);
    const auto at = s.c.config().replicas.back().id;
    s.send_change(at, {"a" + out, "l" + out, "r" + out}, {"a" + in, "l" + in, "r" + in});
    for (int n = 0; n < 10; ++n)
      s.write(at);
    CHECK(s.outcome().status == reconfiguration_status::accepted);
    s.finish_change();
    s.switch_off_removed();
    s.works();
  }
}

TEST_CASE("a removed leader leads up to the boundary, and one that stays takes over") {
  script_settings settings;
  settings.window = 40;
  site s{settings};
  s.c.disturb({.most_delay_ticks = 3});
  const auto removed = s.c.active_leaders()[0];
  const auto o = s.change("r1", {removed}, {});
  for (int n = 0; n < 5; ++n)
    s.write("r2");
  REQUIRE(s.c.run_until([&] { return s.in_force(); }, 300));
  CHECK_FALSE(s.c.leader_at(removed).is_active());
  CHECK(s.c.active_leaders().size() == 1);
  for (const auto& [slot, value] : s.c.leader_at(removed).proposals())
    CHECK(slot < o.first_slot);
  s.works();
  CHECK(s.c.scouts_at(removed) + s.c.commanders_at(removed) == 0);
}

TEST_CASE("roles hear of a configuration from their own processes, and not from each other") {
  site s;
  const auto is_told = [&](config_version version) {
    return std::all_of(first_nine.begin(), first_nine.end(), [&](const role_id& id) {
      return (kind_of(id) == role_kind::acceptor ? s.c.acceptor_at(id).known_version()
              : kind_of(id) == role_kind::leader ? s.c.leader_at(id).known_version()
                                                 : s.c.replica_at(id).known_version()) == version;
    });
  };
  CHECK(is_told(1));
  s.send_change("r1", {}, {"a4", "a5"});
  REQUIRE(s.c.run_until([&] { return s.c.config().version == 2; }, 100));
  // From now on replicas say nothing to those who must know it.
  s.c.cut = [](const role_id& from, const role_id& to) {
    return kind_of(from) == role_kind::replica && kind_of(to) != role_kind::replica;
  };
  REQUIRE(s.c.run_until([&] { return is_told(2); }, 5));
  s.c.pause("l2");
  s.c.cut = nullptr;
  s.finish_change();
  s.change("r1", {"a5"}, {}); // behind l2's back
  s.finish_change();
  CHECK(s.c.leader_at("l2").known_version() == 2);
  s.c.resume("l2");
  CHECK(s.c.run_until([&] { return s.c.leader_at("l2").known_version() == 3; }, 20));
  s.works();
}

TEST_CASE("a leader that joins does not take office from the one that serves") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    script_settings settings;
    settings.seed = seed;
    site s{settings};
    const auto leader = s.c.active_leaders()[0];
    const auto ballot = s.c.leader_at(leader).ballot();
    for (const auto* id : {"l7", "l8", "l9"})
      s.c.join(id);
    s.c.run(200); // they have waited for long when they are called upon
    s.change("r1", {}, {"l7", "l8", "l9"});
    s.finish_change();
    for (int n = 0; n < 10; ++n) {
      s.write("r2");
      s.c.run(20);
    }
    CHECK(s.c.active_leaders() == std::vector<role_id>{leader});
    CHECK(s.c.leader_at(leader).ballot() == ballot);
    CHECK(s.c.leader_at("l9").ballot().is_bottom());
  }
}

TEST_CASE("the old configuration is needed until f + 1 new replicas hold everything on disk") {
  site s;
  for (int n = 0; n < 5; ++n)
    s.write("r1");
  s.c.join("r4");
  s.c.join("r5");
  s.c.join("r6");
  s.c.run(50);
  s.c.pause("r5");
  s.c.pause("r6");
  s.send_change("r1", {"r1", "r2", "r3"}, {"r4", "r5", "r6"});
  const auto o = s.outcome();
  s.c.run(1'000);
  CHECK(s.c.replica_at("r1").slot_out() > o.first_slot);
  CHECK(s.c.replica_at("r1").snapshot_slot() >= o.first_slot); // f + 1 old ones do not count
  CHECK(s.c.replica_at("r4").snapshot_slot() >= o.first_slot); // one of the new ones is not enough
  CHECK(s.c.replica_at("r1").live_from() == 1);
  CHECK(s.c.replica_at("r4").live_from() == 1);
  CHECK(s.c.acceptor_at("a1").state().watermark < o.first_slot);
  s.c.resume("r5");
  s.finish_change();
  REQUIRE(s.c.run_until([&] { return s.c.replica_at("r4").live_from() == 2; }, 50));
  s.switch_off_removed();
  s.c.crash("r4"); // r5 has it all
  s.c.resume("r6");
  REQUIRE(s.c.run_until([&] { return s.c.replica_at("r6").slot_out() > o.first_slot; }, 500));
  s.read("r6");
}

TEST_CASE("snapshots that take their time hold up retirement, not the requests") {
  script_settings settings;
  settings.most_save_ticks = 200;
  site s{settings};
  s.change("r1", first_nine, next_nine);
  for (int n = 0; n < 20; ++n)
    s.write(n % 2 == 0 ? "r2" : "r4");
  s.finish_change();
  s.switch_off_removed();
  s.works();
}

TEST_CASE("a replica that slept through it all catches up, and gives no stale answer on the way") {
  for (const bool removed : {false, true}) {
    CAPTURE(removed);
    site s;
    s.write("r1");
    s.c.send("c1", "r3",
             query{1'000, query_of("k")}); // a read that will be answered after it wakes
    REQUIRE(s.c.deliver([](const letter& f) { return is<query>(f); }) > 0);
    REQUIRE(s.c.deliver([](const letter& f) { return is<read_probe>(f); }) > 0);
    s.c.pause("r3");
    auto remove = first_nine;
    auto add = next_nine;
    if (!removed) {
      std::erase(remove, role_id{"r3"});
      std::erase(add, role_id{"r6"});
    }
    s.change("r1", remove, add);
    s.finish_change();
    for (const auto& id : first_nine)
      if (id != role_id{"r3"})
        s.c.switch_off(id);
    s.write("r4");
    s.c.send("c1", "r3", query{1'001, query_of("k")});
    s.c.run(100);
    bool is_answered = false;
    s.c.on_answer = [&is_answered, before = s.c.on_answer](const role_id& to, const message& m) {
      if (const auto* r = std::get_if<query_reply>(&m); r != nullptr && r->number == 1'001) {
        is_answered = true;
        CHECK((r->status != reply_status::ok || value_in(r->body) == "xx"));
      }
      before(to, m);
    };
    s.c.resume("r3");
    if (removed) { // it answers, or hears that it was removed, and ends
      REQUIRE(s.c.run_until([&] { return is_answered || !s.c.is_up("r3"); }, 1'000));
      continue;
    }
    s.read("r3");
    s.write("r4");
    s.read("r3");
    s.works();
  }
}

TEST_CASE("a read that began before the boundary is answered though the acceptors asked are gone") {
  site s;
  s.write("r1");
  s.c.cut = [](const role_id& from, const role_id& to) {
    return (is_of(from, "a") && to.view() == "r2") || (is_of(to, "a") && from.view() == "r2");
  };
  s.c.send("c1", "r2", query{1'000, query_of("k")});
  s.c.run(1);
  s.change("r1", {"a1", "a2", "a3"}, {"a4", "a5", "a6"});
  s.finish_change();
  s.switch_off_removed();
  s.c.cut = nullptr;
  std::optional<query_reply> answer;
  s.c.on_answer = [&](const role_id&, const message& m) {
    if (const auto* r = std::get_if<query_reply>(&m); r != nullptr && r->number == 1'000)
      answer = *r;
  };
  s.c.run(200);
  REQUIRE(answer);
  CHECK(answer->status == reply_status::ok);
  CHECK(value_in(answer->body) == "x");
}

TEST_CASE("all replicas lose the slots before the boundary, and the new leaders ask the old "
          "acceptors for them") {
  for (const std::string letters : {"l", "a", "al"}) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
      CAPTURE(letters);
      CAPTURE(seed);
      script_settings settings;
      settings.seed = seed;
      settings.most_save_ticks = 100'000; // no snapshot is ever finished
      settings.leader.kept_decisions_bytes = 0;
      site s{settings};
      for (int n = 0; n < 5; ++n)
        s.write("r1");
      std::vector<role_id> remove;
      std::vector<role_id> add;
      for (const auto letter : letters) {
        remove.push_back(std::string{letter} + "2");
        remove.push_back(std::string{letter} + "3");
        remove.push_back(std::string{letter} + "1");
        for (const auto* n : {"4", "5", "6"})
          add.push_back(std::string{letter} + n);
      }
      if (letters == "a") // one stays
        remove.pop_back();
      s.change("r1", remove, add);
      REQUIRE(s.c.run_until([&] { return s.in_force() && s.c.active_leaders().size() == 1; }, 500));
      s.write("r1");
      const auto leader = s.c.active_leaders()[0];
      s.c.crash(leader); // the next one has nothing of the old slots in memory
      REQUIRE(s.c.run_until([&] { return s.c.active_leaders().size() == 1; }, 1'000));
      s.c.run(50);
      for (const auto* id : {"r1", "r2", "r3"})
        s.c.crash(id);
      for (const auto* id : {"r1", "r2", "r3"})
        s.c.restart(id);
      s.c.restart(leader);
      REQUIRE(s.c.run_until([&] { return s.in_force(); }, 1'500));
      s.read("r2");
      s.works();
    }
  }
}
